import { get } from "./client";
import type { Edition, Words } from "./types";

let told: Words;

// readWords must be done before any page is shown.
export async function readWords(): Promise<Words> {
  told = await get<Words>("/cockpit/words.json");
  return told;
}

export const words = (): Words => told;
export const edition = (): Edition => told.edition;

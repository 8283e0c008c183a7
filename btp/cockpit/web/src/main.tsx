import { render } from "preact";
import { Refusal } from "./api/client";
import { follow } from "./api/live";
import { readWords } from "./api/words";
import { EnvironmentGone } from "./app/gone";
import { Shell } from "./app/shell";
import { startTheme } from "./app/theme";
import { RefusedBy } from "./ui/message";

startTheme();
const root = document.getElementById("cockpit")!;
try {
  const words = await readWords();
  void follow(words.journal);
  render(<Shell />, root);
} catch (e) {
  const refusal = e as Refusal;
  render(<main>{refusal.code === "environment-not-found" ? <EnvironmentGone /> : <RefusedBy refusal={refusal} />}</main>, root);
}

import { useState } from "preact/hooks";
import { texts } from "../texts";
import { Button } from "./button";

// Copy copies a text and says so, or that the browser does not let it.
export function Copy({ text, what, label = texts.common.copy }: { text: string; what: string; label?: string }) {
  const [done, setDone] = useState<boolean>();
  const said = done === undefined ? undefined : done ? texts.common.copied : texts.common.notCopied;
  return (
    <>
      <Button
        icon={done ? "check" : "copy"}
        onClick={async () => {
          setDone(await copy(text));
          setTimeout(() => setDone(undefined), 3000);
        }}
      >
        {said ?? label}
        <span class="sr-only"> {what}</span>
      </Button>
      <span class="sr-only" role="status">
        {said}
      </span>
    </>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page that came over http from another machine has no clipboard, and what
    // somebody forbids is refused: what is selected can be copied all the same.
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const from = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  (from?.closest("dialog") ?? document.body).append(field); // behind an open dialog nothing can be selected
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (from instanceof HTMLElement) from.focus();
  return done;
}

import { useState } from "preact/hooks";
import { texts } from "../texts";
import { Button } from "./button";

// Copy copies a text and says so.
export function Copy({ text, what, label = texts.common.copy }: { text: string; what: string; label?: string }) {
  const [done, setDone] = useState(false);
  return (
    <>
      <Button
        icon={done ? "check" : "copy"}
        onClick={async () => {
          await navigator.clipboard.writeText(text);
          setDone(true);
          setTimeout(() => setDone(false), 3000);
        }}
      >
        {done ? texts.common.copied : label}
        <span class="sr-only"> {what}</span>
      </Button>
      <span class="sr-only" role="status">
        {done ? texts.common.copied : ""}
      </span>
    </>
  );
}

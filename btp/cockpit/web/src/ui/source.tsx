import { href } from "../app/router";

// Source is a reference to a document, and leads to what it means: elsewhere, so that
// who reads a refusal in a dialog keeps the dialog.
export function Source({ of }: { of: string }) {
  return (
    <a class="source" href={href("documents?of=" + encodeURIComponent(of))} target="_blank" rel="noopener">
      {of}
    </a>
  );
}

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

// opener is what had the focus before the first of several dialogs: one that follows
// another begins with the focus nowhere.
let opener: HTMLElement | undefined;

// Dialog is a modal dialog, by the browser's own: it keeps the focus and closes by
// Escape.
export function Dialog(p: { title: string; wide?: boolean; onClose: () => void; footer?: ComponentChildren; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const d = dialog.current!;
    const before = document.activeElement;
    if (before instanceof HTMLElement && before !== document.body && !before.closest("dialog")) opener = before;
    const from = opener;
    d.showModal();
    return () => {
      d.close();
      // The page may be drawn anew meanwhile; another dialog takes the focus itself.
      setTimeout(() => {
        if (from?.isConnected && (document.activeElement === document.body || !document.activeElement)) from.focus();
      });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={"dialog" + (p.wide ? " dialog--wide" : "")}
      aria-labelledby={title}
      onCancel={(e) => {
        e.preventDefault();
        p.onClose();
      }}
    >
      <header class="dialog__header">
        <h2 id={title} class="fd-title fd-title--h4">
          {p.title}
        </h2>
      </header>
      <div class="dialog__body">{p.children}</div>
      {p.footer && <footer class="dialog__footer">{p.footer}</footer>}
    </dialog>
  );
}

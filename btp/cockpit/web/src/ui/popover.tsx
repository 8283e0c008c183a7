import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

// Popover is a button and what it opens below itself: by the browser's own popover,
// which closes by Escape and by a click elsewhere.
export function Popover(p: { id: string; label: string; button: ComponentChildren; look?: string; children: ComponentChildren }) {
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const place = () => {
    const at = button.current!.getBoundingClientRect();
    const box = panel.current!;
    box.style.top = Math.round(at.bottom + 4) + "px";
    box.style.left = "auto";
    box.style.right = Math.max(8, Math.round(document.documentElement.clientWidth - at.right)) + "px";
    const low = box.getBoundingClientRect();
    if (low.bottom > innerHeight - 8 && at.top > low.height + 12) box.style.top = Math.round(at.top - low.height - 4) + "px";
  };
  return (
    <>
      <button ref={button} type="button" class={"fd-button " + (p.look ?? "fd-button--transparent")} popovertarget={p.id} aria-haspopup="dialog">
        <span class="sr-only">{p.label} </span>
        {p.button}
      </button>
      <div
        ref={panel}
        id={p.id}
        popover="auto"
        class="popover"
        role="dialog"
        aria-label={p.label}
        onToggle={(e) => {
          if (e.newState === "open") place();
        }}
      >
        {p.children}
      </div>
    </>
  );
}

// closePopover closes one, as choosing something in it does.
export function closePopover(id: string) {
  document.getElementById(id)?.hidePopover();
}

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

// Field is a label with its control, which gets the id that the label names.
export function Field(p: { label: string; hint?: string; required?: boolean; error?: string; children: (id: string, describedBy: string | undefined) => ComponentChildren }) {
  const id = useId();
  const note = p.error ?? p.hint;
  return (
    <div class={"field" + (p.error ? " field--error" : "")}>
      <label class={"fd-form-label" + (p.required ? " fd-form-label--required" : "")} for={id}>
        {p.label}
      </label>
      {p.children(id, note ? id + "-note" : undefined)}
      {note && (
        <div id={id + "-note"} class="hint">
          {note}
        </div>
      )}
    </div>
  );
}

export function Select(p: { id?: string; value: string; options: { value: string; label: string }[]; onChange: (value: string) => void; label?: string; describedBy?: string }) {
  return (
    <select id={p.id} class="select" value={p.value} aria-label={p.label} aria-describedby={p.describedBy} onChange={(e) => p.onChange(e.currentTarget.value)}>
      {p.options.map((o) => (
        <option key={o.value} value={o.value}>
          {o.label}
        </option>
      ))}
    </select>
  );
}

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export interface ButtonProps {
  look?: "emphasized" | "transparent" | "negative" | "positive";
  icon?: IconName;
  // label is what a button with an icon alone says.
  label?: string;
  disabled?: boolean;
  // busy: it does what it was asked to. It keeps the focus.
  busy?: boolean;
  // why says why it is disabled: to everybody who looks at or reaches the button.
  why?: string;
  submit?: boolean;
  // form is the id of the form that it submits, if it stands outside of it.
  form?: string;
  expanded?: boolean;
  id?: string;
  onClick?: () => void;
  children?: ComponentChildren;
}

// Button is a button. One that is disabled for a reason can still be reached, so
// that the reason can: it stands below whoever points at it or has the focus there.
export function Button(p: ButtonProps) {
  const why = useId();
  const button = <Bare {...p} describedBy={p.why === undefined ? undefined : why} />;
  if (p.why === undefined) return button;
  return (
    <span class="why">
      {button}
      <span id={why} class="why__text">
        {p.why}
      </span>
    </span>
  );
}

function Bare(p: ButtonProps & { describedBy?: string }) {
  const off = p.disabled || p.busy || p.why !== undefined;
  return (
    <button
      id={p.id}
      form={p.form}
      type={p.submit ? "submit" : "button"}
      class={"fd-button" + (p.look ? " fd-button--" + p.look : "") + (off ? " is-disabled" : "") + (p.children ? "" : " button--icon")}
      disabled={p.disabled && p.why === undefined}
      aria-disabled={p.why !== undefined || p.busy || undefined}
      aria-label={p.label}
      aria-describedby={p.describedBy}
      aria-expanded={p.expanded}
      title={p.label}
      onClick={(e) => {
        if (p.why !== undefined || p.busy) e.preventDefault();
        else p.onClick?.();
      }}
    >
      {p.icon && <Icon name={p.icon} />}
      {p.children && <span class="fd-button__text">{p.children}</span>}
    </button>
  );
}

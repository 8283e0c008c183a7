import { Icon } from "./icon";
import { closePopover, Popover } from "./popover";
import { texts } from "../texts";

export interface Action {
  label: string;
  // why it cannot be done now; undefined: it can.
  why?: string;
  negative?: boolean;
  act: () => void;
}

// Actions are what can be done with a row; what cannot says why.
export function Actions({ id, of, actions }: { id: string; of: string; actions: Action[] }) {
  return (
    <Popover id={id} label={texts.common.actionsOf(of)} button={<Icon name="more" />}>
      <ul class="actions">
        {actions.map((a) => (
          <li key={a.label}>
            <button
              type="button"
              class={"actions__one" + (a.negative ? " actions__one--negative" : "")}
              aria-disabled={a.why !== undefined || undefined}
              onClick={() => {
                if (a.why !== undefined) return;
                closePopover(id);
                a.act();
              }}
            >
              {a.label}
              {a.why !== undefined && <span class="actions__why">{a.why}</span>}
            </button>
          </li>
        ))}
      </ul>
    </Popover>
  );
}

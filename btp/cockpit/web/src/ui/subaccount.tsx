import { useSubaccount } from "../api/account";
import { texts } from "../texts";
import { Select } from "./field";

// SubaccountChoice is the subaccount whose page it is, and lets the reader choose another.
export function SubaccountChoice() {
  const { items, subaccount, choose } = useSubaccount();
  if (!subaccount) return null;
  return (
    <div class="bar">
      <label>
        {texts.common.subaccount}
        <Select value={subaccount.id} onChange={choose} options={items.map((s) => ({ value: s.id, label: `${s.displayName || s.id} (${s.region})` }))} />
      </label>
    </div>
  );
}

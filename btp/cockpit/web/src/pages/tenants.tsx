// The tenants: where tokens are used.

import { useTenants } from "../api/tenants";
import { Link } from "../app/router";
import { texts } from "../texts";
import { Page as PageFrame } from "../ui/page";
import { Badge } from "../ui/status";
import { Empty } from "../ui/table";

const t = texts.tenants;

export function Page() {
  const tenants = useTenants();
  const items = tenants.data ?? [];
  return (
    <PageFrame title={texts.navigation.tenants} intro={t.intro} of={tenants}>
      {items.length === 0 && (
        <Empty title={t.empty}>
          <p>{t.emptyDetail}</p>
        </Empty>
      )}
      <ul class="tiles">
        {items.map((one) => (
          <li key={one.id} class="card tile">
            <h2 class="fd-title fd-title--h4">
              <Link to={"tenants/" + one.id}>{one.id}</Link>
            </h2>
            <p>{one.product}</p>
            {one.console && <p class="hint">{one.console.path}</p>}
            <p>
              {one.connection ? (
                <>
                  <Badge code={one.connection.status.code} label={one.connection.status.label} /> <Link to={"systems/" + one.connection.systemId}>{one.connection.applicationName}</Link>
                </>
              ) : (
                <Badge code="neutral" label={one.console ? t.notConnected : texts.signIn.tenantOut} />
              )}
            </p>
          </li>
        ))}
      </ul>
    </PageFrame>
  );
}

// What stands around every page: header, side navigation, and the page itself.

import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useGlobalAccount } from "../api/account";
import { forget, get, headersFor, holds, prefix } from "../api/client";
import { useConnection } from "../api/live";
import { useQuery } from "../api/query";
import type { Environment, List } from "../api/types";
import { edition, words } from "../api/words";
import { texts } from "../texts";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Refused } from "../ui/message";
import { Time } from "./time";
import { EnvironmentGone } from "./gone";
import { Link, usePlace } from "./router";
import { navigation, routeOf, routes, type Parameters } from "./routes";
import { SignIn } from "./signin";
import { useTheme } from "./theme";

const t = texts.shell;

export function Shell() {
  const place = usePlace();
  const [open, setOpen] = useState(false);
  const connection = useConnection();
  return (
    <>
      <a class="skip fd-button" href="#page">
        {t.skip}
      </a>
      <header class="shell">
        <span class="shell__menu">
          <Button look="transparent" icon="menu" label={t.menu} expanded={open} onClick={() => setOpen(!open)} />
        </span>
        <Link to="" class="shell__title">
          <Icon name="logo" />
          <span>{t.title}</span>
        </Link>
        <span class="shell__edition">{edition().cockpit}</span>
        <span class="shell__space" />
        <Connection />
        <EnvironmentChoice />
        <Time />
        <ThemeButton />
      </header>
      <div class="body">
        <nav class={"nav" + (open ? " nav--open" : "")} aria-label={t.navigation}>
          <AccountChoice />
          {navigation.map((group) => (
            <div class="nav__group" key={group.title}>
              {group.title && <h2 class="nav__title">{group.title}</h2>}
              <ul>
                {group.paths.map((path) => (
                  <li key={path}>
                    <Link to={path} class="nav__link" current={path === place || (path !== "" && place.startsWith(path + "/"))} onClick={() => setOpen(false)}>
                      {routes.find((r) => r.path === path)!.title}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          ))}
          <p class="nav__warning">{t.warning}</p>
        </nav>
        <main id="page" tabIndex={-1}>
          {connection === "gone" ? (
            <EnvironmentGone />
          ) : (
            <SignIn>
              <Place place={place} />
            </SignIn>
          )}
        </main>
      </div>
    </>
  );
}

// Place is the page at a place. The one before stays until its code is there.
function Place({ place }: { place: string }) {
  const [shown, show] = useState<{ place: string; title: string; Page: ComponentType<{ parameters: Parameters }>; parameters: Parameters }>();
  const [failed, fail] = useState(false);
  const first = useRef(true);
  const found = routeOf(place);
  useEffect(() => {
    if (!found) {
      show(undefined);
      return;
    }
    let left = false;
    // A network that changes cancels what is on its way: it is asked for once more.
    const load = () => found.route.load();
    load().catch(() => new Promise((wait) => setTimeout(wait, 500)).then(load)).then(
      ({ Page }) => {
        if (left) return;
        show({ place, title: found.route.title, Page, parameters: found.parameters });
        document.title = found.route.title + " - " + t.title;
        if (!first.current) document.getElementById("page")!.focus({ preventScroll: true });
        first.current = false;
      },
      () => fail(true),
    );
    return () => {
      left = true;
    };
  }, [place]);
  if (failed) return <Refused title={t.pageFailed} detail={t.pageFailedDetail} />;
  if (!found) {
    return (
      <section class="page">
        <h1 class="fd-title fd-title--h2">{t.noPage}</h1>
        <p>
          {t.noPageDetail} <Link to="">{texts.navigation.overview}</Link>
        </p>
      </section>
    );
  }
  if (!shown) return null;
  return <shown.Page key={shown.place} parameters={shown.parameters} />;
}

function Connection() {
  const connection = useConnection();
  return (
    <span class={"live live--" + connection} role="status" title={t.live[connection].detail}>
      <span class="live__dot" aria-hidden="true" />
      {t.live[connection].label}
    </span>
  );
}

function EnvironmentChoice() {
  // Only the server's own control lists environments, not that of one of them.
  const environments = useQuery("environments", () =>
    prefix === "" ? get<List<Environment>>("/control/environments") : fetch("/control/environments", { headers: headersFor("/control/environments") }).then((a) => (a.ok ? (a.json() as Promise<List<Environment>>) : { items: [] })),
  );
  const items = environments.data?.items ?? [];
  if (items.length < 2) return null;
  return (
    <label class="shell__choice">
      <span class="sr-only">{t.environment}</span>
      <select
        class="select"
        value={words().environment}
        onChange={(e) => {
          const name = e.currentTarget.value;
          location.assign((name === "default" ? "" : "/env/" + encodeURIComponent(name)) + "/cockpit/");
        }}
      >
        {items.map((e) => (
          <option key={e.name} value={e.name}>
            {e.name} ({e.edition})
          </option>
        ))}
      </select>
    </label>
  );
}

function AccountChoice() {
  const { items, account, choose } = useGlobalAccount();
  if (!account) return null;
  return (
    <div class="nav__account">
      <label class="nav__title" for="account">
        {t.globalAccount}
      </label>
      {items.length > 1 ? (
        <select id="account" class="select" value={account.id} onChange={(e) => choose(e.currentTarget.value)}>
          {items.map((a) => (
            <option key={a.id} value={a.id}>
              {a.displayName || a.id}
            </option>
          ))}
        </select>
      ) : (
        <output id="account">{account.displayName || account.id}</output>
      )}
      {holds("api") && (
        <Button look="transparent" onClick={() => forget("api")}>
          {texts.signIn.out}
        </Button>
      )}
    </div>
  );
}

function ThemeButton() {
  const [theme, change] = useTheme();
  return <Button look="transparent" icon={theme === "dark" ? "sun" : "moon"} label={theme === "dark" ? t.light : t.dark} onClick={() => change(theme === "dark" ? "light" : "dark")} />;
}

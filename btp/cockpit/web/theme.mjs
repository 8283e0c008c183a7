// The variables of an SAP theme that our styles use: a theme has about 2,000, we
// use a few hundred.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const themes = { light: ["sap_horizon", ":root"], dark: ["sap_horizon_dark", ":root[data-theme=dark]"] };

// themeVariables is the CSS that sets them, for light or dark.
export function themeVariables(name) {
  const [theme, selector] = themes[name];
  const values = new Map();
  for (const file of [
    `node_modules/@sap-theming/theming-base-content/content/Base/baseLib/${theme}/css_variables.css`,
    `node_modules/fundamental-styles/dist/theming/${theme}.css`,
  ]) {
    for (const [variable, value] of declarations(readFileSync(file, "utf8"))) values.set(variable, value);
  }
  const wanted = new Set();
  const want = (text) => {
    for (const [, variable] of text.matchAll(/var\(\s*(--[\w-]+)/g)) {
      if (wanted.has(variable)) continue;
      wanted.add(variable);
      want(values.get(variable) ?? "");
    }
  };
  for (const text of styles()) want(text);
  const lines = [...values].filter(([variable]) => wanted.has(variable)).map(([variable, value]) => `${variable}:${value};`);
  return `${selector}{color-scheme:${name};${lines.join("")}}`;
}

// declarations are those in the :root rules of a style sheet. None of them holds a
// brace, and a semicolon only within quotes.
function* declarations(css) {
  for (const [, body] of css.matchAll(/:root\s*\{([^}]*)\}/g)) {
    for (const [, variable, value] of body.matchAll(/(--[\w-]+)\s*:\s*((?:"[^"]*"|'[^']*'|[^;"'])*)/g)) yield [variable, value.trim()];
  }
}

// styles are all texts that variables are used in.
function styles() {
  const own = readdirSync("src/styles").map((f) => readFileSync(join("src/styles", f), "utf8"));
  const imported = own.flatMap((css) => [...css.matchAll(/@import "(fundamental-styles\/[^"]+)"/g)].map(([, path]) => readFileSync(join("node_modules", path), "utf8")));
  return [...own, ...imported];
}

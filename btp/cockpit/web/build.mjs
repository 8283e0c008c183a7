// Builds the pages into a folder, or with --check says whether the folder holds
// what they build to. File names carry a hash of their contents.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { themeVariables } from "./theme.mjs";

const here = dirname(fileURLToPath(import.meta.url));
process.chdir(here); // esbuild names sources as seen from here: the same on every machine

const check = process.argv.includes("--check");
const folder = resolve(process.argv.filter((a) => !a.startsWith("--"))[2] ?? "../dist");

// import "sap-theme:light" is the part of an SAP theme that our styles use.
const sapTheme = {
  name: "sap-theme",
  setup(b) {
    b.onResolve({ filter: /^sap-theme:/ }, (a) => ({ path: a.path.slice("sap-theme:".length), namespace: "sap-theme" }));
    b.onLoad({ filter: /.*/, namespace: "sap-theme" }, (a) => ({ contents: themeVariables(a.path), loader: "css" }));
  },
};

const result = await build({
  entryPoints: ["src/main.tsx", "src/styles/cockpit.css"],
  outdir: "out",
  write: false,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome120", "firefox121", "safari17"],
  minify: true,
  legalComments: "none", // the licences stand in LICENSES.txt
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file", ".svg": "file" },
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  plugins: [sapTheme],
  logLevel: "warning",
});

const files = new Map(result.outputFiles.map((f) => [basename(f.path), Buffer.from(f.contents)]));
const named = (prefix, suffix) => [...files.keys()].find((n) => n.startsWith(prefix + "-") && n.endsWith(suffix));

const page = readFileSync("index.html", "utf8")
  .replace("main.js", named("main", ".js"))
  .replace("cockpit.css", named("cockpit", ".css"))
  .replace("<!-- preload -->", ["72-Regular", "72-Bold"].map((f) => `<link rel="preload" as="font" type="font/woff2" crossorigin href="/cockpit/assets/${named(f, ".woff2")}">`).join("\n"));
files.set("index.html", Buffer.from(page));
files.set("icon.svg", readFileSync("icon.svg"));
files.set("LICENSES.txt", Buffer.from(licences(["preact", "fundamental-styles", "@sap-theming/theming-base-content"])));

if (check) {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  const differs = [...files.keys()].filter((n) => !there.includes(n) || !readFileSync(join(folder, n)).equals(files.get(n)));
  const left = there.filter((n) => !files.has(n));
  if (differs.length + left.length > 0) {
    console.error(`${folder} is not what the sources build to: ${[...differs, ...left].join(", ")}\nRun: make cockpit`);
    process.exit(1);
  }
} else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, contents] of files) writeFileSync(join(folder, name), contents);
}

function licences(packages) {
  return packages
    .map((name) => {
      const root = join("node_modules", name);
      const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
      const text = readdirSync(root).find((f) => /^licen[cs]e/i.test(f));
      return `${name} ${version}, ${license}\n\n${text ? readFileSync(join(root, text), "utf8").trim() : ""}\n`;
    })
    .join("\n----------------------------------------\n\n");
}

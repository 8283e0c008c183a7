import { useState } from "preact/hooks";

export type Theme = "light" | "dark";

const key = "pairsim.theme";

// startTheme takes the reader's choice, without one that of the system.
export function startTheme() {
  const chosen = localStorage.getItem(key);
  apply(chosen === "dark" || chosen === "light" ? chosen : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function apply(theme: Theme) {
  document.documentElement.dataset.theme = theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, set] = useState(document.documentElement.dataset.theme as Theme);
  return [
    theme,
    (next) => {
      localStorage.setItem(key, next);
      apply(next);
      set(next);
    },
  ];
}

// Instants are shown in UTC, as the server's own outputs have them.

const two = (n: number) => String(n).padStart(2, "0");

export function formatTime(ms: number): string {
  const d = new Date(ms);
  return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + ":" + two(d.getUTCSeconds());
}

export function formatDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function formatInstant(text: string | undefined): string {
  if (!text) return "";
  const ms = Date.parse(text);
  return formatDay(ms) + " " + formatTime(ms);
}

// formatLeft is a duration as a countdown: 9:05, 3:10:00, 6 d 23:59:00.
export function formatLeft(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const days = Math.floor(s / 86400);
  const hours = Math.floor((s % 86400) / 3600);
  const rest = two(Math.floor((s % 3600) / 60)) + ":" + two(s % 60);
  if (days > 0) return days + " d " + hours + ":" + rest;
  return hours > 0 ? hours + ":" + rest : rest.replace(/^0(\d:)/, "$1");
}

// formatSpan is a validity in words: 10 minutes, 7 days.
export function formatSpan(seconds: number): string {
  const units: [number, string][] = [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, unit] = units.find(([size]) => seconds % size === 0 && seconds >= size) ?? [1, "second"];
  const n = seconds / size;
  return n + " " + unit + (n === 1 ? "" : "s");
}

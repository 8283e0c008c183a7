// pairsim for tests in Node: a process of its own on free ports, without any package.
// It ends with the program that started it, also when that is killed.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const READY_WITHIN = 30_000; // ms

// start returns { http, mtls, control, stop }. PAIRSIM_BINARY names the program.
export async function start(...flags) {
  const child = spawn(process.env.PAIRSIM_BINARY ?? 'pairsim', [
    'serve', '--until-stdin-closes', '--http', '127.0.0.1:0', '--mtls', '127.0.0.1:0', '--control', '127.0.0.1:0', ...flags,
  ], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (text) => { log = (log + text).slice(-64_000); });
  const ended = new Promise((resolve) => { child.on('close', resolve); child.on('error', (e) => { log += e; resolve(-1); }); });
  const at = { stop: () => { child.stdin.end(); return ended; } };
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, url] = line.trim().split(/\s+/);
      if (['http', 'mtls', 'control'].includes(what)) at[what] = url;
      if (line === 'ready') return at;
    }
    throw new Error(`pairsim ended before it was ready:\n${log}`);
  })();
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => { child.kill(); reject(new Error(`pairsim is not ready:\n${log}`)); }, READY_WITHIN); });
  try {
    return await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
    child.stdout.resume(); // or it could not write
  }
}

// call makes a call with a JSON body and returns the JSON of its answer.
export async function call(method, url, body) {
  const answer = await fetch(url, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname}: ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

// Loaded into the core by --import: writes how late its loop runs, and what it computed meanwhile, a line each half second.
// The file of the system says how long this thread ran, so that a machine that gives it no processor is told from long work.
import { appendFileSync, readFileSync } from 'node:fs';

const path = process.env.ROLLCALL_LOOP_PROBE;
const everyMs = 10;
const linesEveryMs = 500;

if (path !== undefined && process.argv[1]?.endsWith('rollcalld.js')) {
  const ranMs = () =>
    Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  let [lastMs, lastRanMs, lastLineMs] = [performance.now(), ranMs(), performance.now()];
  let turns = [];
  setInterval(() => {
    const [nowMs, nowRanMs] = [performance.now(), ranMs()];
    turns.push([Math.max(0, Math.round(nowMs - lastMs - everyMs)), Math.round(nowRanMs - lastRanMs)]);
    [lastMs, lastRanMs] = [nowMs, nowRanMs];
    if (nowMs - lastLineMs < linesEveryMs) return;
    appendFileSync(path, `${JSON.stringify({ atMs: Date.now(), turns })}\n`);
    [turns, lastLineMs] = [[], nowMs];
  }, everyMs).unref();
}

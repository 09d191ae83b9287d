// Wall seconds of a piece of work, CPU seconds this process took for it (all threads), and those all others took meanwhile.
import { cpus } from 'node:os';

export async function stopwatch(work) {
  const [busyBefore, cpuBefore, started] = [machineSeconds(), process.cpuUsage(), performance.now()];
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpu = (user + system) / 1e6;
  // The machine counts in hundredths of a second.
  return { result, seconds, cpu, others: Math.max(0, machineSeconds() - busyBefore - cpu) };
}

/** Seconds that the cores were not idle, since the machine started. */
function machineSeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** A vision process by its number, and the ids of its cameras. */
export interface Dealt {
  readonly index: number;
  readonly cameras: readonly string[];
}

/**
 * Deals `cameras` out to `processes` vision processes (1 or more). A camera stays with the process that has it: it would be
 * opened anew elsewhere, and its tracks would end. Newcomers go to the process with the fewest cameras. Only where the number
 * of processes changes does one that has more than its share give some away, and only the cameras of those that go must move.
 */
export function dealCameras(
  before: readonly Dealt[],
  cameras: readonly string[],
  processes: number,
): readonly Dealt[] {
  const wanted = new Set(cameras);
  const share =
    before.length === processes ? Number.POSITIVE_INFINITY : Math.ceil(cameras.length / processes);
  const kept = before
    .map(({ index, cameras: own }) => ({ index, cameras: own.filter((id) => wanted.has(id)) }))
    .sort((a, b) => b.cameras.length - a.cameras.length || a.index - b.index)
    .slice(0, processes)
    .map(({ index, cameras: own }) => ({ index, cameras: own.slice(0, share) }));
  const dealt = [...kept];
  for (let index = 0; dealt.length < processes; index += 1) {
    if (!kept.some((each) => each.index === index)) dealt.push({ index, cameras: [] });
  }
  dealt.sort((a, b) => a.index - b.index);
  for (const id of cameras.filter((each) => !dealt.some((process) => process.cameras.includes(each)))) {
    const fewest = Math.min(...dealt.map((process) => process.cameras.length));
    dealt.find((process) => process.cameras.length === fewest)?.cameras.push(id);
  }
  return dealt;
}

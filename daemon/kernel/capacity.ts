/** What the cameras of a box cost lately, and what its machine has. */
export interface MeasuredLoad {
  readonly cores: number;
  /** Cores that all programs of the machine used. */
  readonly busyCores: number;
  /** Cameras that delivered frames. */
  readonly cameras: number;
  /** The part of `busyCores` that decoded and analysed these cameras. */
  readonly cameraCores: number;
  /** The most that a camera cost in any minute of the last day, on average of all cameras, cores. At night cameras cost little. */
  readonly peakCoresPerCamera: number;
  /** Threads for networks, and how many of them all cameras kept busy. Absent where a GPU computes: its threads take many calls. */
  readonly threads?: { readonly count: number; readonly busy: number };
  /** Memory that programs can still get, bytes, and what the decoder and the buffers of a camera take on average. */
  readonly freeBytes: number;
  readonly bytesPerCamera: number;
  readonly isOverloaded: boolean;
}

export const capacityLimits = ['processor', 'threads', 'memory', 'overloaded'] as const;
type CapacityLimit = (typeof capacityLimits)[number];

/** How many more cameras a box could take. */
export interface Room {
  /** Cameras that cost as much as the present ones did in their most expensive minute. */
  readonly moreCameras: number;
  /** What runs out first. */
  readonly limit: CapacityLimit;
}

/**
 * The share of a resource that may be used on average. Faces come in bursts, and decoders need the processor at the moment at which
 * their frames arrive: a machine that is busy all the time loses frames.
 */
export const usableShare = 0.8;

/** How many more cameras like the present ones the machine could take. Undefined without a camera to judge by. */
export function roomFor(load: MeasuredLoad): Room | undefined {
  const { cores, busyCores, cameras, cameraCores, peakCoresPerCamera, freeBytes, bytesPerCamera } = load;
  if (cameras === 0 || peakCoresPerCamera <= 0) return undefined;
  if (load.isOverloaded) return { moreCameras: 0, limit: 'overloaded' };
  const others = Math.max(0, busyCores - cameraCores);
  const freeCores = usableShare * cores - others - cameras * peakCoresPerCamera;
  const rooms: Room[] = [roomIn('processor', freeCores, peakCoresPerCamera)];
  if (load.threads !== undefined) {
    const { count, busy } = load.threads;
    rooms.push(roomIn('threads', usableShare * count - busy, busy / cameras));
  }
  rooms.push(roomIn('memory', usableShare * freeBytes, bytesPerCamera));
  return rooms.reduce((least, room) => (room.moreCameras < least.moreCameras ? room : least));
}

const roomIn = (limit: CapacityLimit, free: number, each: number): Room => ({
  limit,
  moreCameras: each > 0 ? Math.max(0, Math.floor(free / each)) : Number.MAX_SAFE_INTEGER,
});

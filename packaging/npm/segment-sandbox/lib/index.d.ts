export interface StartOptions {
  /** Flags of the program, such as ['--strict']. */
  args?: string[]
  /** A port of 127.0.0.1; 0, a free one, unless set. */
  port?: number
}

/** The parameters of GET /api/v1/calls: type, user, event, violation, q and others. */
export type Filter = Record<string, string | number | boolean>

/** A call that arrived. */
export interface Call {
  seq: number
  type: string
  name?: string
  user_id?: string
  accepted: boolean
  duplicate: boolean
  /** The call as it was sent. */
  raw?: any
  [member: string]: unknown
}

/** A fault, as of POST /api/v1/faults. */
export interface Fault {
  status?: number
  times?: number
  [member: string]: unknown
}

export interface Judgement {
  ok: boolean
  [member: string]: unknown
}

export interface Sandbox {
  /** Where senders send, and where the page is. */
  readonly url: string
  /** What arrived, in order. */
  calls(filter?: Filter): Promise<Call[]>
  /** Waits for as many calls, and returns them. Fails where they do not come. */
  wait(count?: number, filter?: Filter & { timeout?: string }): Promise<Call[]>
  /** Counters. */
  summary(): Promise<Record<string, any>>
  /** Injects a fault. */
  fail(fault: Fault): Promise<Fault>
  /** Says whether calls came in order and once, and whether ids are missing. */
  assert(expected?: { message_ids?: string[] }): Promise<Judgement>
  /** Forgets what arrived, and all faults. */
  reset(): Promise<void>
  /** Stops the program. */
  stop(): Promise<void>
}

/** Starts a sandbox on a free port of this machine. It ends with the process. */
export function start(options?: StartOptions): Promise<Sandbox>

/** Returns the path of the program. */
export function binary(): string

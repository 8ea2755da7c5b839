// The answers of the API, for the type checker only. Browsers do not see this
// file.

interface Row {
  seq: number; request: number; at: number; type: string; name?: string; label?: string; own_at?: number;
  user_id?: string; anonymous_id?: string; group_id?: string;
  attempt: number; accepted: boolean; duplicate?: boolean; violations?: string[]; warnings?: string[]; plan_findings?: string[]; size: number;
}

/** Stands in the list where calls are not shown. */
interface Gap { seq: number; gap: string }

type Entry = Row | Gap;

interface Fault {
  status?: number; retry_after?: string; drop?: boolean; lost_ack?: boolean; truncate?: boolean; delay?: string;
  times?: number; probability?: number; seed?: number; match?: { [name: string]: string };
}

interface FaultState extends Fault { id: number; effect: string; preset?: string; hits: number; remaining?: number; active: boolean }

interface Preset { name: string; what: string; fault: Fault; needs_match?: boolean }

interface Summary {
  requests: number; requests_by_status: { [status: string]: number };
  calls: number; accepted: number; discarded: number; refused: number; warned: number; duplicates: number; unique: number;
  by_type: { [type: string]: number }; bytes: number; calls_held: number; calls_dropped: number; held_by_type: { [type: string]: number };
  first_seq: number; last_seq: number; last_request: number;
}

interface Pulse {
  requests: number[]; calls: number[]; duplicates: number[]; ok: number[]; "4xx": number[]; "5xx": number[]; cut: number[];
  gap_p50_ms: number; gap_p99_ms: number;
}

interface Refusal { request: number; at: number; status: number; calls: number; why: string }

interface State { summary: Summary; pulse: Pulse; faults: FaultState[]; refusal?: Refusal }

interface Hello { run: string; first: number; last: number; max_calls: number; version: string; replay_to: string; of: "sandbox" | "output" }

interface Violation { code: string; field?: string; sentence: string; fix: string; link: string }

interface Attempt {
  request: number; received_at: string; status: number; retry_count?: string; fault?: { id: number; effect: string };
}

interface Call {
  seq: number; request: number; received_at: string; path: string; type: string; name?: string; message_id?: string;
  user_id?: string; anonymous_id?: string; previous_id?: string; group_id?: string; timestamp?: string; sent_at?: string;
  write_key: string; write_key_fingerprint: string; status: number; outcome?: string; accepted: boolean; duplicate: boolean;
  violations?: Violation[]; warnings?: Violation[]; plan_findings?: Violation[]; attempts: Attempt[];
}

interface ReceivedRequest {
  method: string; path: string; headers: { [name: string]: string[] }; bytes: number; bytes_on_wire: number; calls: number;
  accepted: number; discarded: number; first_call?: number; message_ids?: string[]; write_key: string; refusal?: string;
  fault?: { id: number; effect: string }; violations?: { call: number; code: string; message: string }[];
}

/** A request in short. */
interface RequestRow {
  seq: number; at: number; method: string; path: string; status: number; calls: number; accepted: number; discarded: number;
  duplicates: number; bytes_on_wire: number; attempt: number; wait_ms?: number; before?: number; why?: string;
}

interface PersonID { id: string; kind: string; calls: number }

interface Person {
  ids: PersonID[]; links: { from: string; to: string; by: string; seq: number }[];
  traits: { name: string; history: { literal: string; seq: number }[] }[]; calls: Row[]; total: number;
}

/** What the stream says, and how far it has come. */
interface Handlers {
  hello(hello: Hello): void; calls(rows: Row[]): void; gap(gap: { from: number; to: number }): void;
  reset(): void; state(state: State): void; link(live: boolean): void; at(seq: number): void;
}

/** What the address asks for. */
interface View {
  q: string; since: number; tab: "calls" | "requests"; status: string; call: number; request: number; person: string;
}

/** The requests that are shown: up to the last one, of one status. */
interface Requests { status: string; run?: string; last: number; rows: RequestRow[]; total: number }

/** A person as shown, and what the API told of it. */
interface ShownPerson { id: string; told: string; content: HTMLElement[] }

/** Everything that is shown. */
interface Page {
  view: View;
  /** What stands in the filter, and what is wrong with it. */
  typed: string; problem: string;
  /** For screen readers. */
  said: string;
  paused: boolean; live: boolean;
  /** Whether all calls that are held have come. */
  loaded: boolean;
  /** The last call that the stream covered. */
  cursor: number;
  hello?: Hello; state?: State; requests?: Requests;
  call?: { seq: number; content: HTMLElement; renew(): Promise<void> }; person?: ShownPerson;
  entries: import("./entries.js").Entries;
}

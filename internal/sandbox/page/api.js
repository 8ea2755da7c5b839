// The control API of the sandbox that served this page.

/**
 * @typedef {{seq: number, request: number, at: number, type: string, name?: string, user_id?: string,
 *   anonymous_id?: string, group_id?: string, attempt: number, accepted: boolean, duplicate?: boolean,
 *   violations?: string[], size: number}} Row
 * @typedef {{status?: number, retry_after?: string, drop?: boolean, lost_ack?: boolean, truncate?: boolean,
 *   delay?: string, times?: number, probability?: number, seed?: number, match?: {[name: string]: string}}} Fault
 * @typedef {Fault & {id: number, effect: string, hits: number, remaining?: number, active: boolean}} FaultState
 * @typedef {{name: string, what: string, fault: Fault, needs_match?: boolean}} Preset
 * @typedef {{requests: number, requests_by_status: {[status: string]: number}, calls: number, accepted: number,
 *   discarded: number, refused: number, duplicates: number, unique: number, by_type: {[type: string]: number},
 *   bytes: number, calls_held: number, calls_dropped: number, last_seq: number}} Summary
 * @typedef {{requests: number[], calls: number[], duplicates: number[], ok: number[], "4xx": number[], "5xx": number[],
 *   cut: number[], gap_p50_ms: number, gap_p99_ms: number}} Pulse
 * @typedef {{request: number, at: number, status: number, calls: number, why: string}} Refusal
 * @typedef {{summary: Summary, pulse: Pulse, faults: FaultState[], refusal?: Refusal}} State
 * @typedef {{run: string, first: number, last: number, max_calls: number, version: string, replay_to: string}} Hello
 * @typedef {{code: string, field?: string, sentence: string, fix: string, link: string}} Violation
 * @typedef {{request: number, received_at: string, status: number, retry_count?: string,
 *   fault?: {id: number, effect: string}}} Attempt
 * @typedef {{seq: number, request: number, received_at: string, path: string, type: string, name?: string,
 *   message_id?: string, user_id?: string, anonymous_id?: string, previous_id?: string, group_id?: string,
 *   timestamp?: string, sent_at?: string, write_key: string, write_key_fingerprint: string, attempt: number,
 *   status: number, accepted: boolean, duplicate: boolean, size: number, violations?: Violation[],
 *   attempts: Attempt[]}} Call
 * @typedef {{seq: number, method: string, path: string, headers: {[name: string]: string[]}, bytes: number,
 *   bytes_on_wire: number, calls: number, status: number}} Request
 * @typedef {{id: string, kind: string, first_seq: number, calls: number}} PersonID
 * @typedef {{id: string, ids: PersonID[], links: {from: string, to: string, by: string, seq: number}[],
 *   traits: {name: string, history: {seq: number, at: number}[]}[], calls: Row[], total: number}} Person
 */

/**
 * Asks the API and returns the text of the answer, or throws what it says is
 * wrong.
 * @param {string} path
 * @param {RequestInit} [init]
 */
export async function text(path, init) {
  let answer;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Error("The sandbox does not answer.");
  }
  const body = await answer.text();
  if (answer.ok) return body;
  let said = body;
  try {
    said = JSON.parse(body).error ?? body;
  } catch { /* It is no JSON, so it is shown as it is. */ }
  throw new Error(said);
}

/** @param {string} path @param {RequestInit} [init] */
export const ask = async (path, init) => JSON.parse(await text(path, init));

/** @param {string} path @param {string} method @param {unknown} [body] */
export const tell = (path, method, body) =>
  ask(path, { method, body: body === undefined ? undefined : JSON.stringify(body), headers: { "Content-Type": "application/json" } });

/** @param {string} q @param {number} since */
export const filterQuery = (q, since) => {
  const params = new URLSearchParams();
  if (q) params.set("q", q);
  if (since) params.set("since", String(since));
  return params;
};

// The control API of the sandbox that served this page.

/**
 * Returns the text of the answer, or throws its error.
 * @param {string} path
 * @param {RequestInit} [init]
 */
export async function text(path, init) {
  const answer = await fetch("/api/v1/" + path, init).catch(() => { throw new Error(`${location.host} does not answer.`); });
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
  ask(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

export const why = (problem) => problem.message ?? String(problem);

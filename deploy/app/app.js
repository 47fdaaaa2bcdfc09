// Stands in for the API in front of kallad, a Next.js application that is not part of it: keeps
// sources and recipes in Postgres, dispatches runs to kallad by fetch, and takes its callbacks.
//
//   GET  /api/recipes               POST /api/recipes    {recipe_id, name, match_sql, sources}
//   GET  /api/runs  /api/runs/ID    POST /api/runs       {recipe_id}
//   POST /api/worker/progress|complete|error             kallad's callbacks
//
// It treats runs just as that application does, what can go wrong included: a run's row is
// inserted after kallad has accepted the job, an update of a row that is not there does nothing,
// and any progress makes a run one that is running. kallad has to live with that.
//
// Settings: PORT (3000), DATABASE_URL, WORKER_URL (http://localhost:8080), PUBLIC_URL (where kallad
// reaches this program), OUTPUT_PREFIX (runs), KALLAD_TOKEN (none).
'use strict';

const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Pool } = require('pg');

const port = Number(process.env.PORT || 3000);
const workerURL = process.env.WORKER_URL || 'http://localhost:8080';
const publicURL = process.env.PUBLIC_URL || `http://localhost:${port}`;
const outputPrefix = process.env.OUTPUT_PREFIX || 'runs';
const token = process.env.KALLAD_TOKEN;
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
// A connection that breaks while nobody uses it is replaced by the next query.
pool.on('error', (err) => console.error(`database: ${err.message}`));

const runColumns = `id AS run_id, recipe_id, status, matched_count, unmatched_left_count, unmatched_right_count,
  output_matched, output_unmatched_left, output_unmatched_right, error_message, created_at, updated_at`;

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function createRecipe(body) {
  const { recipe_id: id, name, description, match_sql: sql, match_description: says, sources } = body;
  if (!id || !name || !sql || !sources?.left || !sources?.right) {
    throw new Refusal(400, 'recipe_id, name, match_sql, sources.left and sources.right are required');
  }
  await pool.query(
    `INSERT INTO recipes (recipe_id, name, description, match_sql, match_description, sources)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (recipe_id) DO UPDATE
       SET name = $2, description = $3, match_sql = $4, match_description = $5, sources = $6, updated_at = now()`,
    [id, name, description, sql, says, JSON.stringify(sources)],
  );
  return { recipe_id: id };
}

async function createRun(body) {
  const recipe = (await pool.query('SELECT * FROM recipes WHERE recipe_id = $1', [body.recipe_id])).rows[0];
  if (!recipe) {
    throw new Refusal(404, 'Recipe not found');
  }
  const sides = [recipe.sources.left, recipe.sources.right];
  const runId = randomUUID();
  const job = {
    run_id: runId,
    callback_url: `${publicURL}/api/worker`,
    match_sql: recipe.match_sql,
    sources: await Promise.all(sides.map(resolve)),
    output_path: `${outputPrefix}/${runId}`,
    primary_keys: Object.fromEntries(sides.map((side) => [side.alias, side.primary_key])),
  };
  await dispatch(job);
  await pool.query("INSERT INTO runs (id, recipe_id, status) VALUES ($1, $2, 'submitted')", [runId, recipe.recipe_id]);
  return { run_id: runId, status: 'submitted' };
}

async function resolve(side) {
  if (side.uri) {
    return { alias: side.alias, uri: side.uri, filters: side.filters };
  }
  const source = (await pool.query('SELECT uri FROM sources WHERE alias = $1', [side.source])).rows[0];
  if (!source) {
    throw new Refusal(400, `no source ${side.source}`);
  }
  return { alias: side.alias, uri: source.uri, filters: side.filters };
}

async function dispatch(job) {
  const headers = { 'Content-Type': 'application/json' };
  if (token) {
    headers.Authorization = `Bearer ${token}`;
  }
  let answer;
  try {
    answer = await fetch(`${workerURL}/api/jobs`, { method: 'POST', headers, body: JSON.stringify(job) });
  } catch (err) {
    throw new Refusal(502, `Failed to dispatch job: ${err.cause?.message ?? err.message}`);
  }
  if (!answer.ok) {
    throw new Refusal(502, `Failed to dispatch job: ${await answer.text()}`);
  }
}

async function onProgress(body) {
  await pool.query(
    `INSERT INTO run_progress (run_id, stage, progress, matched_count, total_left, total_right, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, now())
     ON CONFLICT (run_id) DO UPDATE
       SET stage = $2, progress = $3, matched_count = $4, total_left = $5, total_right = $6, updated_at = now()`,
    [body.run_id, body.stage, body.progress ?? 0, body.matched_count ?? 0, body.total_left ?? 0, body.total_right ?? 0],
  );
  await pool.query("UPDATE runs SET status = 'running', updated_at = now() WHERE id = $1 AND status <> 'running'", [body.run_id]);
  return { ok: true };
}

async function onComplete(body) {
  await pool.query(
    `UPDATE runs SET status = 'completed', matched_count = $2, unmatched_left_count = $3, unmatched_right_count = $4,
       output_matched = $5, output_unmatched_left = $6, output_unmatched_right = $7, updated_at = now()
     WHERE id = $1`,
    [
      body.run_id, body.matched_count, body.unmatched_left_count, body.unmatched_right_count,
      body.output_paths.matched, body.output_paths.unmatched_left, body.output_paths.unmatched_right,
    ],
  );
  return { ok: true };
}

async function onError(body) {
  await pool.query("UPDATE runs SET status = 'failed', error_message = $2, updated_at = now() WHERE id = $1", [body.run_id, body.error]);
  return { ok: true };
}

async function getRun(id) {
  const run = (await pool.query(`SELECT ${runColumns} FROM runs WHERE id::text = $1`, [id])).rows[0];
  if (!run) {
    throw new Refusal(404, 'Run not found');
  }
  const progress = (await pool.query('SELECT * FROM run_progress WHERE run_id::text = $1', [id])).rows[0];
  return { ...run, progress: progress ?? null };
}

const routes = {
  'GET /health': async () => ({ ok: true }),
  'GET /api/recipes': async () => (await pool.query('SELECT * FROM recipes ORDER BY recipe_id')).rows,
  'POST /api/recipes': createRecipe,
  'GET /api/runs': async () => (await pool.query(`SELECT ${runColumns} FROM runs ORDER BY created_at DESC`)).rows,
  'POST /api/runs': createRun,
  'POST /api/worker/progress': onProgress,
  'POST /api/worker/complete': onComplete,
  'POST /api/worker/error': onError,
};

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://app');
  const one = pathname.match(/^\/api\/runs\/([^/]+)$/);
  if (one && request.method === 'GET') {
    return getRun(decodeURIComponent(one[1]));
  }
  const route = routes[`${request.method} ${pathname}`];
  if (!route) {
    throw new Refusal(404, 'no such route');
  }
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
  }
  let body;
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    throw new Refusal(400, 'the body is no JSON');
  }
  return route(body);
}

const server = http.createServer(async (request, response) => {
  let status = 200;
  let body;
  try {
    body = await answer(request);
  } catch (err) {
    status = err.status ?? 500;
    body = { error: err.message };
    console.error(`${request.method} ${request.url}: ${status} ${err.message}`);
  }
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
});

async function main() {
  await pool.query(fs.readFileSync(path.join(__dirname, 'schema.sql'), 'utf8'));
  server.listen(port, () => console.log(`listening on ${port}, kallad is ${workerURL}`));
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => server.close(() => pool.end().then(() => process.exit(0))));
}
main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});

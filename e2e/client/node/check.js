// Uses the API in front of kallad (deploy/app/app.js, the placeholder for it) as its users do, and
// looks into its tables: every run must end there as it ended in kallad, however fast it was.
//
// Settings: APP_URL, DATABASE_URL, LEFT_URI, RIGHT_URI (two tables), MATCH_SQL, and what is to come out:
// MATCHED, UNMATCHED_LEFT, UNMATCHED_RIGHT.
'use strict';

const assert = require('node:assert/strict');
const { Pool } = require('pg');

const env = process.env;
const pool = new Pool({ connectionString: env.DATABASE_URL });
const patience = 120_000;

async function call(method, path, body) {
  const answer = await fetch(env.APP_URL + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function ended(id) {
  for (const deadline = Date.now() + patience; Date.now() < deadline; ) {
    const { body } = await call('GET', `/api/runs/${id}`);
    if (body.status === 'completed' || body.status === 'failed') {
      return body;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`run ${id} has not ended: ${JSON.stringify((await call('GET', `/api/runs/${id}`)).body)}`);
}

function recipe(id, leftURI, sql) {
  return {
    recipe_id: id,
    name: id,
    match_sql: sql,
    sources: {
      left: { alias: 'left_src', uri: leftURI, primary_key: ['invoice_id'] },
      right: { alias: 'right_src', source: 'payments', primary_key: ['payment_id'] },
    },
  };
}

// As many at once as a month's end brings. The row of a run is inserted after kallad's answer, and
// what comes for it before is lost: then a run would never end here.
async function manyRunsAtOnce() {
  assert.equal((await call('POST', '/api/recipes', recipe('tolerance', env.LEFT_URI, env.MATCH_SQL))).status, 200);
  const runs = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { status, body } = await call('POST', '/api/runs', { recipe_id: 'tolerance' });
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.status, 'submitted');
      return body.run_id;
    }),
  );
  for (const id of runs) {
    await ended(id);
  }
  // Only now: progress that came after the end would have made a run one that is running again.
  const { rows } = await pool.query(
    `SELECT r.*, p.stage, p.progress FROM runs r LEFT JOIN run_progress p ON p.run_id = r.id WHERE r.recipe_id = 'tolerance'`,
  );
  assert.equal(rows.length, runs.length);
  for (const row of rows) {
    const counts = [row.matched_count, row.unmatched_left_count, row.unmatched_right_count];
    assert.equal(row.status, 'completed', JSON.stringify(row));
    assert.deepEqual(counts, [env.MATCHED, env.UNMATCHED_LEFT, env.UNMATCHED_RIGHT], JSON.stringify(row));
    for (const name of ['matched', 'unmatched_left', 'unmatched_right']) {
      assert.ok(row[`output_${name}`].endsWith(`/${row.id}/${name}.parquet`), row[`output_${name}`]);
    }
    assert.equal(row.error_message, null);
    assert.ok(row.progress >= 0 && row.progress <= 1, `progress ${row.progress}`);
    assert.ok(['staging', 'matching', 'writing_results'].includes(row.stage), row.stage);
  }
}

async function failuresArriveToo() {
  const missing = env.LEFT_URI.replace('table=invoices', 'table=nothing_here');
  await call('POST', '/api/recipes', recipe('missing', missing, env.MATCH_SQL));
  const { body } = await call('POST', '/api/runs', { recipe_id: 'missing' });
  const run = await ended(body.run_id);
  assert.equal(run.status, 'failed');
  assert.match(run.error_message, /nothing_here/);
  assert.ok(!run.error_message.includes(new URL(env.LEFT_URI).password), 'an error must not show a password');

  await call('POST', '/api/recipes', recipe('wrong', 'ftp://nowhere/x', env.MATCH_SQL));
  const refused = await call('POST', '/api/runs', { recipe_id: 'wrong' });
  assert.equal(refused.status, 502);
  assert.match(refused.body.error, /uri/);
  const { rows } = await pool.query("SELECT count(*) FROM runs WHERE recipe_id = 'wrong'");
  assert.equal(rows[0].count, '0', 'a run that kallad refused is none');
}

async function main() {
  await pool.query(
    `INSERT INTO sources (alias, uri, source_type) VALUES ('payments', $1, 'postgres') ON CONFLICT (alias) DO UPDATE SET uri = $1`,
    [env.RIGHT_URI],
  );
  for (const check of [manyRunsAtOnce, failuresArriveToo]) {
    await check();
    console.log(`ok: ${check.name}`);
  }
  await pool.end();
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});

#!/usr/bin/env python3
"""Posts jobs to kallad, takes its callbacks, and checks the evidence by arithmetic of its own.

The oracle is this file: it reads the CSV files with the csv module, matches with Decimal, and knows
nothing of kallad's code. For a query too long to be written twice it asks Postgres, by psql.

Settings: KALLAD_URL, KALLAD_TOKEN, LISTEN_URL (how kallad reaches this program, its port included),
INVOICES and PAYMENTS (CSV files here), INVOICES_URI and PAYMENTS_URI (the same for kallad), EVIDENCE_URI
and EVIDENCE_URL (a folder for the evidence as kallad and as this program reach it), DUMP (a program that
prints a Parquet file as CSV), DATABASE_URL and CASCADE_SQL.
"""

import collections
import csv
import decimal
import http.server
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid

ENV = os.environ
PATIENCE = 120


class Listener:
    """Takes callbacks; the n-th of refuse_first final ones are answered 500."""

    def __init__(self):
        self.finals = queue.Queue()
        self.progress = collections.defaultdict(list)
        self.refusals = collections.Counter()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(listener.take(self.path, self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        port = urllib.parse.urlsplit(ENV["LISTEN_URL"]).port
        self.server = http.server.ThreadingHTTPServer(("", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        kind = path.rsplit("/", 1)[1]
        if kind == "progress":
            self.progress[body["run_id"]].append(body)
            return 200
        if self.refusals[body["run_id"]] > 0:
            self.refusals[body["run_id"]] -= 1
            return 500
        self.finals.put((kind, headers.get("Kallad-Delivery"), body))
        return 200


def post(job):
    """Returns the status and the document of the answer to a job's POST."""
    request = urllib.request.Request(
        ENV["KALLAD_URL"] + "/api/jobs",
        json.dumps(job).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + ENV["KALLAD_TOKEN"]},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as err:
        return err.code, json.load(err)


def new_job(sql, **more):
    run_id = str(uuid.uuid4())
    return {
        "run_id": run_id,
        "callback_url": ENV["LISTEN_URL"],
        "match_sql": sql,
        "sources": [
            {"alias": "left_src", "uri": ENV["INVOICES_URI"]},
            {"alias": "right_src", "uri": ENV["PAYMENTS_URI"]},
        ],
        "output_path": f"{ENV['EVIDENCE_URI']}/{run_id}",
        "primary_keys": {"left_src": ["invoice_id"], "right_src": ["payment_id"]},
        **more,
    }


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def evidence(job, name):
    """The rows of one of the job's files, every value as text."""
    url = f"{ENV['EVIDENCE_URL']}/{job['run_id']}/{name}.parquet"
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        with urllib.request.urlopen(url, timeout=60) as answer:
            file.write(answer.read())
        file.flush()
        text = subprocess.run([ENV["DUMP"], file.name], check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(text.splitlines(keepends=True)))


def equal(what, want, got):
    want, got = collections.Counter(want), collections.Counter(got)
    if want != got:
        missing, extra = want - got, got - want
        raise AssertionError(
            f"{what}: missing {sum(missing.values())}, such as {list(missing)[:3]}; "
            f"too many {sum(extra.values())}, such as {list(extra)[:3]}"
        )


def complete(listener, job):
    kind, _, body = listener.finals.get(timeout=PATIENCE)
    assert kind == "complete", body
    assert body["run_id"] == job["run_id"], body
    names = ("matched", "unmatched_left", "unmatched_right")
    assert body["output_paths"] == {n: f"{job['output_path']}/{n}.parquet" for n in names}, body
    seen = [p["progress"] for p in listener.progress[job["run_id"]]]
    assert seen == sorted(seen) and all(0 <= p <= 1 for p in seen), seen
    return body


TOLERANCE = decimal.Decimal("0.02")


def oracle_tolerance(invoices, payments):
    """Pairs of one-to-one matching: a payment names the invoice, and the amounts are near."""
    by_reference = collections.defaultdict(list)
    for p in payments:
        if p["reference"]:
            by_reference[p["reference"], p["currency"]].append(p)
    for i in invoices:
        for p in by_reference[i["invoice_id"], i["currency"]]:
            if abs(decimal.Decimal(i["amount"]) - decimal.Decimal(p["paid_amount"])) <= TOLERANCE:
                yield i, p


def check_tolerance(listener):
    invoices, payments = rows(ENV["INVOICES"]), rows(ENV["PAYMENTS"])
    job = new_job(
        "SELECT l.invoice_id, r.payment_id, l.amount, r.paid_amount FROM left_src l JOIN right_src r"
        " ON l.invoice_id = r.reference AND l.currency = r.currency AND tolerance_match(l.amount, r.paid_amount, 0.02)",
        evidence_columns="all",
    )
    listener.refusals[job["run_id"]] = 1
    status, answer = post(job)
    assert (status, answer["run_id"], answer["status"]) == (202, job["run_id"], "accepted"), answer
    body = complete(listener, job)

    pairs = list(oracle_tolerance(invoices, payments))
    matched_left = {i["invoice_id"] for i, _ in pairs}
    matched_right = {p["payment_id"] for _, p in pairs}
    left = [i for i in invoices if i["invoice_id"] not in matched_left]
    right = [p for p in payments if p["payment_id"] not in matched_right]
    counts = (body["matched_count"], body["unmatched_left_count"], body["unmatched_right_count"])
    assert counts == (len(pairs), len(left), len(right)), (counts, len(pairs), len(left), len(right))

    found = evidence(job, "matched")
    equal(
        "matched",
        [(i["invoice_id"], p["payment_id"], i["amount"], p["paid_amount"]) for i, p in pairs],
        [(r["left_key"], r["right_key"], r["amount"], r["paid_amount"]) for r in found],
    )
    assert len({r["match_id"] for r in found}) == len(found), "match_id is not unique"
    # Every column as it was in the file, quotes, line ends and umlauts included.
    columns = list(invoices[0])
    equal("unmatched left", [tuple(i[c] for c in columns) for i in left],
          [tuple(r[c] for c in columns) for r in evidence(job, "unmatched_left")])
    columns = list(payments[0])
    equal("unmatched right", [tuple(p[c] for c in columns) for p in right],
          [tuple(r[c] for c in columns) for r in evidence(job, "unmatched_right")])


def psql(query):
    """The rows of a query's result in Postgres, as tuples of text."""
    text = subprocess.run(
        ["psql", ENV["DATABASE_URL"], "--no-psqlrc", "--quiet", "-c", f"COPY ({query}) TO STDOUT (FORMAT csv)"],
        check=True, capture_output=True, text=True,
    ).stdout
    return [tuple(r) for r in csv.reader(text.splitlines(keepends=True))]


def check_cascade(listener):
    sql = ENV["CASCADE_SQL"]
    job = new_job(sql)
    status, answer = post(job)
    assert status == 202, answer
    complete(listener, job)
    truth = psql(f"SELECT invoice_id, payment_id, rule_name FROM ({sql}) AS result")
    equal("matched", truth, [(r["left_key"], r["right_key"], r["rule_name"]) for r in evidence(job, "matched")])
    equal("unmatched left", psql(f"SELECT invoice_id FROM left_src EXCEPT SELECT invoice_id FROM ({sql}) AS result"),
          [(r["record_key"],) for r in evidence(job, "unmatched_left")])


def check_refusals(listener):
    job = new_job("SELECT 1", sources=[{"alias": "left_src", "uri": ""}], primary_keys={})
    status, problem = post(job)
    assert status == 400 and problem["status"] == 400, problem
    text = json.dumps(problem)
    for field in ("sources", "primary_keys"):
        assert field in text, problem
    job = new_job("SELECT l.no_such_column FROM left_src l")
    assert post(job)[0] == 202
    kind, _, body = listener.finals.get(timeout=PATIENCE)
    assert kind == "error" and "no_such_column" in body["error"], (kind, body)


def main():
    listener = Listener()
    for check in (check_tolerance, check_cascade, check_refusals):
        check(listener)
        assert listener.finals.empty(), "more than one final callback"
        print("ok:", check.__name__, flush=True)


if __name__ == "__main__":
    sys.exit(main())

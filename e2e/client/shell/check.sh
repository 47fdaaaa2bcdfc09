#!/bin/sh
# Uses kallad with curl alone, as a script that somebody writes in a hurry does: posts a job, asks how
# it goes, fetches the evidence, cancels another.
#
# Settings: KALLAD_URL, KALLAD_TOKEN, LISTEN_URL, INVOICES_URI, PAYMENTS_URI, EVIDENCE_URI, EVIDENCE_URL,
# S3_USER (user:password), SLOW_URI (a source that cannot be read to its end), and what is to come out:
# MATCHED, UNMATCHED_LEFT, UNMATCHED_RIGHT.
set -eu

die() { echo "$*" >&2; exit 1; }

# Prints the status and the body of an answer: ask METHOD PATH [JSON]
ask() {
  if [ "$#" -gt 2 ]; then
    curl -sS -X "$1" -w '%{http_code} ' -H "Authorization: Bearer $KALLAD_TOKEN" -H 'Content-Type: application/json' \
      -o /tmp/body -d "$3" "$KALLAD_URL$2"
  else
    curl -sS -X "$1" -w '%{http_code} ' -H "Authorization: Bearer $KALLAD_TOKEN" -o /tmp/body "$KALLAD_URL$2"
  fi
  cat /tmp/body
}

# The value of a field of JSON that stands on standard input: the first of that name, since a job's own
# fields come before those of its stages and tasks.
field() { grep -o "\"$1\": *\"\{0,1\}[^\",}]*" | head -n 1 | sed 's/^[^:]*: *"\{0,1\}//'; }

job() {
  cat <<JSON
{"run_id": "$1", "callback_url": "$LISTEN_URL", "output_path": "$EVIDENCE_URI/$1",
 "match_sql": "SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON l.invoice_id = r.reference AND l.currency = r.currency AND tolerance_match(l.amount, r.paid_amount, 0.02)",
 "sources": [{"alias": "left_src", "uri": "$2"}, {"alias": "right_src", "uri": "$PAYMENTS_URI"}],
 "primary_keys": {"left_src": ["invoice_id"], "right_src": ["payment_id"]}}
JSON
}

# Waits until a job's state is one of those given, and leaves its document in /tmp/body.
await() {
  id=$1
  shift
  for _ in $(seq 1200); do
    ask GET "/api/jobs/$id" > /dev/null
    state=$(tr -d '\n' < /tmp/body | field state)
    for wanted in "$@"; do [ "$state" != "$wanted" ] || return 0; done
    sleep 0.1
  done
  die "job $id is not $*: $(cat /tmp/body)"
}

for path in /health /ready; do
  [ "$(curl -sS -o /dev/null -w '%{http_code}' "$KALLAD_URL$path")" = 200 ] || die "$path is for everybody"
done
[ "$(curl -sS -o /dev/null -w '%{http_code}' -d "$(job x "$INVOICES_URI")" "$KALLAD_URL/api/jobs")" = 401 ] || die "a job was taken without the token"
echo "ok: doors"

one=shell-$$-one
case $(ask POST /api/jobs "$(job "$one" "$INVOICES_URI")") in 202\ *accepted*) ;; *) die "not accepted: $(cat /tmp/body)" ;; esac
case $(ask POST /api/jobs "$(job "$one" "$INVOICES_URI")") in 202\ *) ;; *) die "the same job again is not the job there is: $(cat /tmp/body)" ;; esac
case $(ask POST /api/jobs "$(job "$one" "$PAYMENTS_URI")") in 409\ *) ;; *) die "another job of that name was taken: $(cat /tmp/body)" ;; esac
await "$one" succeeded failed
for pair in "matched_count=$MATCHED" "unmatched_left_count=$UNMATCHED_LEFT" "unmatched_right_count=$UNMATCHED_RIGHT" "state=succeeded"; do
  got=$(tr -d '\n' < /tmp/body | field "${pair%%=*}")
  [ "$got" = "${pair#*=}" ] || die "want $pair, got $got: $(cat /tmp/body)"
done
echo "ok: a job"

for name in matched unmatched_left unmatched_right; do
  curl -sS --fail --aws-sigv4 aws:amz:us-east-1:s3 --user "$S3_USER" -o "/tmp/$name" "$EVIDENCE_URL/$one/$name.parquet"
  [ "$(head -c 4 "/tmp/$name")$(tail -c 4 "/tmp/$name")" = PAR1PAR1 ] || die "$name.parquet is no Parquet file"
done
echo "ok: evidence"

two=shell-$$-two
case $(ask POST /api/jobs "$(job "$two" "$SLOW_URI")") in 202\ *) ;; *) die "not accepted: $(cat /tmp/body)" ;; esac
await "$two" running
case $(ask DELETE "/api/jobs/$two") in 20*) ;; *) die "not cancelled: $(cat /tmp/body)" ;; esac
await "$two" cancelled
case $(ask DELETE "/api/jobs/$two") in 409\ *) ;; *) die "what is over was cancelled: $(cat /tmp/body)" ;; esac
case $(ask DELETE /api/jobs/never-heard-of) in 404\ *) ;; *) die "an unknown job was cancelled: $(cat /tmp/body)" ;; esac
echo "ok: a cancelled job"

case $(ask POST /api/jobs '{"run_id": "x"') in 400\ *) ;; *) die "half a document was taken: $(cat /tmp/body)" ;; esac
case $(ask GET /metrics) in *kalla_runner_jobs_completed*) ;; *) die "no metrics" ;; esac
echo "ok: the rest"

#!/bin/sh
# A tour of the REST API by curl, against the server at MORKET_URL (http://localhost:3000 unless set).
set -eu

API="${MORKET_URL:-http://localhost:3000}/api/v1"
RUN="$(date +%s)-$$"
PASSWORD="four random words $RUN"
NEWLINE='
'

fail() {
  echo "$*" >&2
  exit 1
}

# call STATUS TOKEN METHOD PATH [JSON] [KEY]: prints the answer; fails when its status is another one.
call() {
  set -- "$1" "$2" "$3" "$4" "${5:-}" "${6:-}"
  expected=$1 token=$2 method=$3 path=$4 json=$5 key=$6
  set -- -sS -X "$method" "$API$path" -w "$NEWLINE%{http_code}"
  [ -z "$token" ] || set -- "$@" -H "Authorization: Bearer $token"
  [ -z "$json" ] || set -- "$@" -H 'Content-Type: application/json' -d "$json"
  [ -z "$key" ] || set -- "$@" -H "Idempotency-Key: $key"
  answer=$(curl "$@") || fail "There is no server at $API. Start one with \`npm start\`."
  status=${answer##*"$NEWLINE"}
  answer=${answer%"$NEWLINE"*}
  [ "$status" = "$expected" ] || fail "$method $path answered $status instead of $expected: $answer"
  printf '%s\n' "$answer"
}

# field NAME JSON: prints the first field of that name; fails when there is none. Good for plain values without commas.
field() {
  value=$(printf '%s\n' "$2" | tr ',{}[]' '\n\n\n\n\n' | sed -n "s/^\"$1\":\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" | sed -n 1p)
  [ -n "$value" ] || fail "No $1 in $2"
  printf '%s\n' "$value"
}

ADA="ada+$RUN@example.com"
GRACE="grace+$RUN@example.com"
ANSWER=$(call 201 '' POST /auth/register "{\"email\":\"$ADA\",\"password\":\"$PASSWORD\",\"name\":\"Ada Lovelace\"}")
TOKEN=$(field accessToken "$ANSWER")
REFRESH_TOKEN=$(field refreshToken "$ANSWER")
call 201 '' POST /auth/register "{\"email\":\"$GRACE\",\"password\":\"$PASSWORD\",\"name\":\"Grace Hopper\"}" >/dev/null
echo "Registered: $ADA, $GRACE"

ANSWER=$(call 201 "$TOKEN" POST /workspaces "{\"name\":\"Analytical Engines $RUN\"}")
ID=$(field id "$ANSWER")
ROLE=$(field role "$ANSWER")
HERE="/workspaces/$ID"
echo "Made the workspace $ID; your role: $ROLE"

ANSWER=$(call 201 "$TOKEN" POST "$HERE/members" "{\"email\":\"$GRACE\",\"role\":\"manager\"}")
NAME=$(field name "$ANSWER")
ROLE=$(field role "$ANSWER")
echo "Added $NAME as $ROLE"

call 201 "$TOKEN" POST "$HERE/credentials" "{\"providerName\":\"hunter\",\"key\":\"hk_live_$RUN\"}" >/dev/null
ANSWER=$(call 200 "$TOKEN" GET "$HERE/credentials")
MASKED=$(field maskedKey "$ANSWER")
echo "Stored the key of hunter, which is only ever shown as $MASKED"

ANSWER=$(call 201 "$TOKEN" POST "$HERE/billing/credits" '{"amount":100,"description":"First top-up"}' "credits-$RUN")
BALANCE=$(field balance "$ANSWER")
echo "Added 100 credits; the balance is $BALANCE"

DEBIT='{"amount":30,"description":"Enriched 30 contacts"}'
ANSWER=$(call 200 "$TOKEN" POST "$HERE/billing/debits" "$DEBIT" "debit-$RUN")
FIRST=$(field id "$ANSWER")
ANSWER=$(call 200 "$TOKEN" POST "$HERE/billing/debits" "$DEBIT" "debit-$RUN")
AGAIN=$(field id "$ANSWER")
BALANCE=$(field balance "$ANSWER")
[ "$FIRST" = "$AGAIN" ] || fail "Two debits were made under one key: $FIRST and $AGAIN"
echo "Spent 30, and sent it again under its key: one debit, the balance is $BALANCE"

ANSWER=$(call 402 "$TOKEN" POST "$HERE/billing/debits" '{"amount":500,"description":"Too much"}')
CODE=$(field code "$ANSWER")
[ "$CODE" = billing.insufficient_credits ] || fail "Refused for another reason: $ANSWER"
REQUIRED=$(field required "$ANSWER")
AVAILABLE=$(field available "$ANSWER")
echo "Refused: $REQUIRED needed, $AVAILABLE available (HTTP 402)"

ANSWER=$(call 200 "$TOKEN" GET "$HERE/billing/transactions?limit=100")
TOTAL=$(field total "$ANSWER")
LEFT=$(field balanceAfter "$ANSWER")
[ "$TOTAL" = 2 ] && [ "$LEFT" = 70 ] || fail "The ledger should hold two entries and leave 70: $ANSWER"
echo "The ledger holds $TOTAL entries, the newest of which leaves $LEFT"

call 200 '' POST /auth/logout "{\"refreshToken\":\"$REFRESH_TOKEN\"}" >/dev/null
call 401 "$TOKEN" GET /auth/me >/dev/null
echo 'Signed out; the access token is refused from now on.'

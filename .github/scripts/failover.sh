#!/usr/bin/env bash
# Asks Mainstay's only door for a failover and follows the recovery to its end.
#
# Everything is given by the environment, so that no text is ever read as a command:
#   MAINSTAY_FUNCTION  name or ARN of alarm-handler (the stack's output AlarmHandlerName)
#   DATABASE           the database, as the plan names it
#   DRY_RUN            true: say what would be done, change nothing. false: fail over
#   REASON             why; it goes into the incident and the notices
#   ACTOR              who asks
#   POLL_SECONDS       seconds between two looks (5)
#   FOLLOW_SECONDS     how long to follow, in seconds (14100: the role's session, and a recovery, last four hours)
#   GITHUB_STEP_SUMMARY, if set: the file that the timeline is written to, as Markdown
#
# Exit code: 0 recovered (or: the dry run would go ahead), 1 anything else, 2 something is missing.
set -euo pipefail

say() { printf '%s\n' "$*"; }
summarise() { if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then printf "%s\n" "$@" >>"$GITHUB_STEP_SUMMARY"; fi; }
end() {
  say "$2"
  summarise "" "**$(door markdown <<<"$2")**"
  exit "$1"
}

trouble=""
for name in MAINSTAY_FUNCTION DATABASE DRY_RUN REASON ACTOR; do
  if [ -z "${!name:-}" ]; then
    say "$name is not set. In GitHub, set the environment's variables and fill in every input." >&2
    exit 2
  fi
done
case "$DRY_RUN" in
true | false) ;;
*) say "DRY_RUN must be true or false" >&2 && exit 2 ;;
esac
for program in aws python3; do
  command -v "$program" >/dev/null || { say "$program is not installed" >&2 && exit 2; }
done

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
answer="$work/answer.json"
export AWS_PAGER=""

# door WHAT [ARGUMENT…]: writes requests and reads answers, see door.py
door() { python3 "$scripts/door.py" "$@"; }

# ask REQUEST: sends it to the door; the answer is in $answer, or else $trouble says what went wrong
ask() {
  trouble="The request was not answered. It may have arrived: look with 'drp status' before asking again."
  printf '%s' "$1" >"$work/request.json"
  local failed
  failed=$(aws lambda invoke --function-name "$MAINSTAY_FUNCTION" --cli-read-timeout 30 \
    --payload "fileb://$work/request.json" --query FunctionError --output text "$answer") || return 1
  if [ "$failed" != None ]; then
    trouble="Mainstay could not do it: $(door error <"$answer")"
    return 1
  fi
}

request=$(door ask-failover)

summarise "### $([ "$DRY_RUN" = true ] && printf 'Dry run' || printf 'Failover') of $(door markdown <<<"$DATABASE")"
# Sent once: a second copy could arrive after the first recovery has ended.
AWS_MAX_ATTEMPTS=1 ask "$request" || end 1 "$trouble"

decision=$(door decision <"$answer")
why=$(door reason <"$answer")
incident=$(door incident <"$answer")
say "Mainstay decided: ${decision:-nothing}. ${why:-no reason given}"

if [ "$DRY_RUN" = true ]; then
  case "$decision" in
  act) end 0 "Dry run: Mainstay would go ahead. $why" ;;
  *) end 1 "Dry run: Mainstay would not go ahead (${decision:-no decision}). $why" ;;
  esac
fi
if [ -z "$incident" ]; then
  by_hand=$(door command <"$answer")
  end 1 "No recovery was started (${decision:-no decision}). $why${by_hand:+ By hand: $by_hand}"
fi
say "Following incident $incident"

status=$(door ask-status "$incident")
deadline=$((SECONDS + ${FOLLOW_SECONDS:-14100}))
seen=0
missed=0
closing=""
while [ -z "$closing" ]; do
  if ask "$status" && [ "$(door found <"$answer")" = true ]; then
    missed=0
    door lines-after "$seen" <"$answer"
    seen=$(door newest <"$answer")
    closing=$(door closing <"$answer")
  else
    # The recovery does not depend on being watched: a look that fails is tried again.
    missed=$((missed + 1))
    [ "$missed" -lt 20 ] || end 1 "Incident $incident can't be read. The recovery goes on without being watched."
  fi
  if [ -z "$closing" ]; then
    [ "$SECONDS" -lt "$deadline" ] || end 1 "Incident $incident is still open. The recovery goes on; it is only not followed any more."
    sleep "${POLL_SECONDS:-5}"
  fi
done

summarise "" "| # | When | What |" "| --- | --- | --- |"
while IFS= read -r line; do summarise "$line"; done < <(door table <"$answer")
case "$closing" in
recovered) end 0 "Incident $incident is closed: the database and its services have recovered. $(door objective <"$answer")" ;;
escalated) end 1 "Incident $incident is escalated: people must take over. Acknowledge it with 'drp ack $incident' afterwards." ;;
*) end 1 "Incident $incident is closed as $closing, not as recovered." ;;
esac

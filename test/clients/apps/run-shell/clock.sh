# A clock without any gate code: ends its jobs at SIGTERM, and puts them away at a second one. See docs/conformance.md.
trial="deploy-gate:{${DEPLOY_GATE_NAME:-default}}:trial"
away=$(mktemp -u)

# Several commands in one call, an answer a line; what is not there is an empty line.
server() { redis-cli --raw -u "$REDIS_URL"; }

# A signal that comes twice in one moment is one.
asked=
on_term() {
  now=$(date +%s)
  if [ -z "$asked" ]; then asked=$now
  elif [ "$now" -gt $((asked + 1)) ]; then : >"$away"
  fi
}
trap on_term TERM

# Its length in steps of 100 ms. The signals are the clock's affair.
job() {
  trap '' TERM
  left=$1
  while [ "$left" -gt 0 ] && ! [ -e "$away" ]; do
    sleep 0.1
    left=$((left - 1))
  done
  if [ "$left" -gt 0 ]; then
    how=stored
    echo "LPUSH $trial:jobs $((left * 100))" | server >/dev/null
  else
    how=finished
  fi
  echo "HINCRBY $trial $how 1" | server >/dev/null
  echo "job $how"
}

running=1
while [ -z "$asked" ] || [ "$running" -gt 0 ]; do
  ticks=
  if [ -z "$asked" ]; then
    { read -r ticks && read -r length; } <<-EOF
	$(printf 'HINCRBY %s ticks 1\nRPOP %s:jobs\n' "$trial" "$trial" | server 2>/dev/null)
	EOF
    if [ -n "$ticks" ] && [ -n "$length" ]; then
      echo "HINCRBY $trial started 1" | server >/dev/null
      echo 'job started'
      job $(((length + 99) / 100)) &
    fi
  fi
  { read -r started; read -r finished; read -r stored; read -r answered; } <<-EOF
	$(printf 'HMGET %s started finished stored\nPING\n' "$trial" | server 2>/dev/null)
	EOF
  if [ -n "$answered" ]; then
    running=$((${started:-0} - ${finished:-0} - ${stored:-0}))
    if [ -n "$DEPLOY_GATE_FD" ]; then
      echo "{\"running\":$running,\"finished\":${finished:-0},\"stored\":${stored:-0}}" >&3
    fi
  fi
  sleep 0.2
done
rm -f "$away"
trap - TERM
kill -s TERM $$

# A clock without any gate code: ends its jobs at SIGTERM, and puts them away at SIGUSR1. See docs/conformance.md.
trial="deploy-gate:{${DEPLOY_GATE_NAME:-default}}:trial"
away=$(mktemp -u)

# Several commands in one call, an answer a line; what is not there is an empty line.
server() { redis-cli --raw -u "$REDIS_URL"; }

asked=
trap 'asked=1' TERM
trap ': >"$away"' USR1

# Its length in steps of 100 ms. The signals are the clock's affair.
job() {
  trap '' TERM USR1
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

# How far the jobs are, as was read last.
tell() {
  [ -z "$DEPLOY_GATE_FD" ] || echo "{\"running\":$1,\"finished\":${finished:-0},\"stored\":${stored:-0}}" >&3
}

running=0
while [ -z "$asked" ] || [ "$running" -gt 0 ]; do
  ticks=
  if [ -z "$asked" ]; then
    { read -r ticks && read -r length; } <<-EOF
	$(printf 'HINCRBY %s ticks 1\nRPOP %s:jobs\n' "$trial" "$trial" | server 2>/dev/null)
	EOF
    if [ -n "$ticks" ] && [ -n "$length" ]; then
      # Before anybody can see that it has begun.
      tell $((running + 1))
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
    tell "$running"
  fi
  sleep 0.2
done
rm -f "$away"
trap - TERM
kill -s TERM $$

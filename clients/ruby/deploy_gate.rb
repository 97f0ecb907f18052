# frozen_string_literal: true

# Takes part in the app's gate, so that a deploy to Heroku waits for the jobs that this process runs.
#
#     require_relative "deploy_gate"
#     DeployGate.guard_clockwork   # in clock.rb, anywhere before the clock runs
#
# or, for a schedule of one's own:
#
#     DeployGate.join(drain: ->(context) { stop_and_wait(context) }, resume: -> { start_again })
#
# One file, Ruby 3.0 or newer, needs only the gem `redis` (4.8 or 5). The protocol: docs/protocol.md of heroku-deploy-gate.
# Times are milliseconds unless a name says otherwise.

require "digest"
require "json"
require "monitor"
require "openssl"
require "redis"
require "securerandom"
require "uri"

module DeployGate
  VERSION = "0.1.0"
  PROTOCOL_VERSION = "1"

  # Why each is what it is: docs/protocol.md, Numbers.
  # This client can't hear the doorbell: before RESP3 a connection that listens can't send, and a second one is not worth it.
  IDLE_BEAT = 10_000
  DRAINING_BEAT = 3_000
  HELD_BEAT = 5_000
  PUSHING_BEAT = (5_000..60_000).freeze
  QUIET_AFTER_RELEASE = 90_000
  QUIET_BEAT = 10_000
  MAX_HOLD = 3_600_000
  BOOT_BARRIER = 5_000
  FORCE_AFTER_SIGTERM = 20_000
  FAREWELL = 2_000
  # For a handler to say, or to be done, before the acceptance goes out: it then carries how many jobs run.
  FIRST_REPORT = 250
  COMMAND_TIMEOUT_SECONDS = 5
  # A sentinel or a node that is asked for the way does not answer, as often as not because it fell together with the primary.
  LOOKUP_TIMEOUT_SECONDS = 2
  NOTE_LENGTH = 200

  GATE_NAME = /\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z/.freeze
  GATE_NAME_RULE = "1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit"
  REDIS_URL_RULE = "redis://[user:password@]host[:port][/db], or rediss:// for TLS; docs/redis.md has the forms for Sentinel and Cluster"
  SENTINEL_URL_RULE = "redis+sentinel://[user:password@]host[:26379][,host[:26379]...]/<primary name>[/<db>], or rediss+sentinel:// for TLS"
  CLUSTER_URL_RULE = "redis+cluster://[user:password@]host[:6379][,host[:6379]...], or rediss+cluster:// for TLS"
  SCHEMES = %w[redis:// rediss:// redis+sentinel:// rediss+sentinel:// redis+cluster:// rediss+cluster://].freeze

  # --- beat.lua: begin (written by script/clients.ts; do not edit)
  BEAT = <<'LUA'
-- Put before every script. Times are the server's own, in milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_us = string.format('%.0f', clock[1] * 1000000 + clock[2])

local VERSION = '1'
-- What no listener and no deployer writes is not believed: it would hold a gate for good. A row is forgotten after so many ms, no lease
-- lasts longer than half of this, and an epoch is at most a century ahead, in microseconds: clocks have been that wrong.
local FORGOTTEN, LONGEST_LEASE, FARTHEST, SET_BACK = 600000, 7200000, 3155760000000000, 10000
-- Bytes. A row that a beat has written is encoded anew, with six bytes for some characters.
local LONGEST_ID, LONGEST_ROW = 512, 32768

-- Fields of the intent by name; a missing field is false.
local function intent_fields(key, ...)
  local names, fields = { ... }, {}
  for index, value in ipairs(redis.call('HMGET', key, ...)) do
    fields[names[index]] = value
  end
  return fields
end

local function in_force(intent)
  local expiry = tonumber(intent.expiry) or 0
  return (intent.phase == 'draining' or intent.phase == 'pushing') and expiry > now and expiry <= now + LONGEST_LEASE
end

local function is_epoch(text)
  return text and string.match(text, '^%d+$') and tonumber(text) < tonumber(now_us) + FARTHEST
end

-- The phase as the server sees it: an unfinished intent that ran out has lapsed.
local function phase_of(intent)
  if intent.phase == 'draining' or intent.phase == 'pushing' then
    return in_force(intent) and intent.phase or 'lapsed'
  end
  return (intent.phase == 'released' or intent.phase == 'aborted') and intent.phase or ''
end

-- A server's clock may have been set back since, though not by so much.
local function is_time(value)
  return type(value) == 'number' and value >= 0 and value <= now + FORGOTTEN
end

-- nil for anything that is not a row: one broken row must not stop a gate. Every version of the protocol keeps these fields,
-- so that a row of another one is told apart and not misread.
local function decode_row(text)
  if not text or #text > LONGEST_ROW then
    return nil
  end
  local ok, row = pcall(cjson.decode, text)
  if not ok or type(row) ~= 'table' or type(row.type) ~= 'string' or type(row.dyno) ~= 'string'
    or type(row.state) ~= 'string' or not is_time(row.seen) or not is_time(row.joined)
    or type(row['until']) ~= 'number' or not (row['until'] >= 0) then
    return nil
  end
  row['until'] = math.min(row['until'], row.seen + FORGOTTEN)
  return row
end

-- participant id -> row
local function read_roster(key)
  local rows, flat = {}, redis.call('HGETALL', key)
  for index = 1, #flat, 2 do
    if #flat[index] <= LONGEST_ID then
      rows[flat[index]] = decode_row(flat[index + 1])
    end
  end
  return rows
end

local function alive(row)
  return row.state ~= 'exited' and row['until'] >= now
end

-- Dyno name -> the latest time at which a participant that is alive joined under it.
local function latest_joins(rows)
  local joins = {}
  for _, row in pairs(rows) do
    if alive(row) and row.joined > (joins[row.dyno] or 0) then
      joins[row.dyno] = row.joined
    end
  end
  return joins
end

-- Not heard of since another boot of the same dyno joined: that boot took its place.
local function replaced(row, joins)
  return (joins[row.dyno] or 0) > row.joined and row.seen < joins[row.dyno]
end

-- Why an intent is not ours to write any more; nil while it is.
local function lost(intent, id, epoch)
  if not intent.id then
    return 'missing'
  end
  if intent.id ~= id or intent.epoch ~= epoch then
    return 'superseded'
  end
  if intent.phase ~= 'draining' and intent.phase ~= 'pushing' then
    return 'finished'
  end
  if not in_force(intent) then
    return 'lapsed'
  end
  -- The lease was given before now, by a clock that was set back since: nobody can tell how long the holds last that it told of. Less
  -- than a margin does no harm.
  if (tonumber(intent.given) or 0) > now + SET_BACK then
    return 'set-back'
  end
  return nil
end

-- A participant's one call: heartbeat, acknowledgement, and "is a drain in force for me?".
-- KEYS: intent, roster
-- ARGV: participant id, row (JSON), ms until its next beat at the latest, '1' until it has had its first answer, reports
-- Replies: version of the intent, now, epoch, phase, ms left, expiry, addressed, force, newer
local id, text, every, first, reports = unpack(ARGV)
if #text > 4096 or #id > LONGEST_ID then
  return redis.error_reply('ROWSIZE a participant row has at most 4096 bytes, and its id 512')
end
local row = cjson.decode(text)
local known = redis.call('HGET', KEYS[2], id)
known = known and decode_row(known) or nil
local memo = 'newer:' .. row.type .. ':' .. (type(row.release) == 'string' and row.release or '')
local intent = intent_fields(KEYS[1], 'v', 'id', 'epoch', 'phase', 'expiry', 'replaces', 'force', 'boots', memo,
  'type:' .. row.type, 'target:' .. id)
-- Participants put it in their logs as it comes.
local spoken = string.sub(string.match(intent.v or VERSION, '^[%w._-]+$') or '?', 1, 32)
if spoken ~= VERSION or not is_epoch(intent.epoch) then
  -- Its words may mean something else here: it addresses nobody, and its version says why. And nobody must answer an epoch after which
  -- no other is higher.
  intent = {}
end
local phase = phase_of(intent)
local asked, addressed = intent['type:' .. row.type], intent['target:' .. id]
local same_release = row.release and row.release == intent.replaces

-- A boot of the release that is being replaced joins the drain; any other boot after the commit is its successor.
if asked and not addressed and row.state ~= 'exited' and (phase == 'draining' or (phase == 'pushing' and same_release)) then
  redis.call('HSET', KEYS[1], 'target:' .. id, row.dyno)
  addressed = row.dyno
end
row.joined = known and known.joined or now
row.after = known and known.after or nil
if not known and first == '1' and not addressed and (phase == 'pushing' or phase == 'released') then
  row.after = intent.epoch
end
row.seen = now
-- Three beats may be missed, and never less than ten seconds, before a participant counts as silent.
row['until'] = row.state == 'exited' and now or now + math.min(math.max(3 * every, 10000), FORGOTTEN)
redis.call('HSET', KEYS[2], id, cjson.encode(row))

-- In a large roster only one boot in 64 looks for rows to remove: each look reads all of them.
local size = known and 0 or redis.call('HLEN', KEYS[2])
if not known and (size < 64 or size % 64 == 0) then
  for participant, other in pairs(read_roster(KEYS[2])) do
    if other['until'] < now - FORGOTTEN and redis.call('HEXISTS', KEYS[1], 'target:' .. participant) == 0 then
      redis.call('HDEL', KEYS[2], participant)
    end
  end
end
if not known or known.state ~= row.state or known.epoch ~= row.epoch or known.running ~= row.running
  or known.finished ~= row.finished or known.stored ~= row.stored or known.note ~= row.note then
  redis.call('PUBLISH', reports, 'look')
end

-- An old participant must not resume beside a newer release: look for one only when that can come. Whether there is one changes with
-- a boot, a return from silence, or the end of the one that was found: between those the look of one beat serves all the others, or
-- a thousand held participants would each read a thousand rows.
local newer = 0
if phase == 'released' and (not known or not alive(known)) then
  intent.boots = string.format('%d', (tonumber(intent.boots) or 0) + 1)
  redis.call('HSET', KEYS[1], 'boots', intent.boots)
end
if addressed and phase == 'released' then
  local function number_of(release)
    return tonumber(string.match(type(release) == 'string' and release or '', '^v(%d+)$'))
  end
  local ours = number_of(row.release)
  local function is_newer(participant, other)
    local theirs = number_of(other.release)
    return participant ~= id and other.type == row.type and alive(other)
      and (other.after == intent.epoch or (ours and theirs and theirs > ours))
  end
  local boots, found = string.match(intent[memo] or '', '^(%d+):(.*)$')
  local there = found and found ~= '' and decode_row(redis.call('HGET', KEYS[2], found))
  if there and is_newer(found, there) then
    newer = 1
  elseif found ~= '' or boots ~= (intent.boots or '0') then
    found = ''
    for participant, other in pairs(read_roster(KEYS[2])) do
      if is_newer(participant, other) then
        newer, found = 1, participant
        break
      end
    end
    redis.call('HSET', KEYS[1], memo, (intent.boots or '0') .. ':' .. found)
  end
end
local left = in_force(intent) and intent.expiry - now or 0
return { spoken, now, intent.epoch or '', phase, left, tonumber(intent.expiry) or 0, addressed and 1 or 0, intent.force == '1' and 1 or 0, newer }
LUA
  # --- beat.lua: end

  BEAT_SHA = Digest::SHA1.hexdigest(BEAT)

  PRINT = lambda do |line|
    $stdout.write("[deploy-gate] #{line}\n")
    $stdout.flush
  end

  private_constant :IDLE_BEAT, :DRAINING_BEAT, :HELD_BEAT, :PUSHING_BEAT, :QUIET_AFTER_RELEASE, :QUIET_BEAT, :MAX_HOLD,
                   :BOOT_BARRIER, :FORCE_AFTER_SIGTERM, :FAREWELL, :FIRST_REPORT, :COMMAND_TIMEOUT_SECONDS, :LOOKUP_TIMEOUT_SECONDS,
                   :NOTE_LENGTH, :GATE_NAME, :GATE_NAME_RULE, :REDIS_URL_RULE, :SENTINEL_URL_RULE, :CLUSTER_URL_RULE, :SCHEMES, :BEAT, :BEAT_SHA, :PRINT

  # What the parts of this file share.
  module Internal
    # A suspended machine's lease runs on, so where there is a clock that counts the sleep it is the one to look at.
    CLOCK = defined?(Process::CLOCK_BOOTTIME) ? Process::CLOCK_BOOTTIME : Process::CLOCK_MONOTONIC

    class << self
      # Milliseconds on a clock that never steps back.
      def now
        Process.clock_gettime(CLOCK, :float_millisecond)
      end

      # Anything as one short line of valid UTF-8: what can't be written as JSON would end the beats.
      def one_line(text)
        text = text.to_s
        text = text.encoding == Encoding::BINARY ? text.dup.force_encoding("UTF-8") : text.encode("UTF-8", invalid: :replace, undef: :replace)
        text.scrub("?").split.join(" ")[0, NOTE_LENGTH]
      end

      # What an error says, and never nothing.
      def sentence(error)
        line = one_line(error.message)
        line.empty? ? error.class.name : line
      end
    end
  end
  private_constant :Internal

  # The answer to a beat, place by place as docs/protocol.md lists it.
  Reply = Struct.new(:version, :now, :epoch, :phase, :left, :expiry, :addressed, :force, :newer) do
    def in_force?
      addressed == 1 && left.positive? && %w[draining pushing].include?(phase)
    end

    def force?
      force == 1
    end

    def newer?
      newer == 1
    end
  end
  private_constant :Reply

  # What the participant is, brought in line with the intent that each beat shows. Its methods return what is to be done: a list of
  # `:drain`, `:force`, or why to resume, as a String.
  class Machine
    NEVER = Float::INFINITY

    attr_reader :state, :epoch

    def initialize
      @state = :booting
      @epoch = @highest = @capped = nil
      @leaving = false
      forget
    end

    # Held or on the way there: nothing may be started.
    def quiet?
      %i[draining drained].include?(@state)
    end

    # What the next row says of the drain.
    def standing
      row = { state: @state }
      return row if @epoch.nil?

      row[:epoch] = @epoch
      row[:hold] = @hold unless @hold.nil?
      row
    end

    def beat_every
      return IDLE_BEAT unless quiet?
      return QUIET_BEAT if @quiet_until
      return DRAINING_BEAT if @state == :draining
      return HELD_BEAT unless @pushing

      (@left / 3.0).clamp(PUSHING_BEAT)
    end

    # When `expire` is due if no beat comes through before.
    def expires_at
      return NEVER if !quiet? || @leaving
      return [@lapse_at, @cap_at].min unless @quiet_until

      # Beats go on after a release, and each decides; this is for a server that went away meanwhile.
      @newer_seen ? NEVER : @quiet_until + HELD_BEAT
    end

    # The answer to a beat arrived at `now`.
    def answered(reply, now)
      stale = above?(@highest, reply.epoch)
      if @leaving
        bind(reply, now) if reply.in_force? && quiet? && !stale
        return []
      end
      return answered_while_quiet(reply, now) if quiet?

      if @state == :failed
        return [] if reply.in_force? && reply.epoch == @epoch

        @epoch = nil
        @state = :running
      end
      return begin_drain(reply, now) if reply.in_force? && !stale && reply.epoch != @capped

      @state = :running
      []
    end

    # Time passed: what lapsed on the participant's own clock.
    def expire(now)
      return [] if now < expires_at
      return resume("the deploy was released, and no newer release came") if @quiet_until
      return resume("the drain ended (lapsed)") if now < @cap_at

      @capped = @epoch
      resume("it was held for an hour")
    end

    def drained
      @state = :drained if @state == :draining
    end

    def failed
      return unless @state == :draining

      @state = :failed
      forget
    end

    def start_anyway
      @state = :running if @state == :booting
    end

    # SIGTERM, or the app leaves: from here on it never resumes.
    def leave
      @leaving = true
      @state = :drained if @state == :booting
      return [] if quiet?

      @state = :draining
      [:drain]
    end

    def exit
      @state = :exited
    end

    private

    def begin_drain(reply, now)
      # At boot nothing runs yet, so there is nothing to drain: it is held at once.
      booting = @state == :booting
      @state = booting ? :drained : :draining
      @cap_at = now + MAX_HOLD
      bind(reply, now)
      return [] if booting

      @forced = reply.force?
      @forced ? %i[drain force] : [:drain]
    end

    def answered_while_quiet(reply, now)
      # Missing, or older than what holds it: nothing that could end the hold early. It lapses by itself.
      return expire(now) if reply.epoch.empty? || above?(@epoch, reply.epoch)

      if reply.in_force?
        @forced = false if reply.epoch != @epoch
        bind(reply, now)
        expired = expire(now)
        return expired unless expired.empty?
        return [] unless reply.force? && !@forced && @state == :draining

        @forced = true
        return [:force]
      end
      case reply.phase
      when "aborted" then resume("the drain was withdrawn")
      when "lapsed" then resume("the drain ended (lapsed)")
      when "released" then released(reply, now)
      else expire(now)
      end
    end

    def released(reply, now)
      @quiet_until ||= now + QUIET_AFTER_RELEASE
      @newer_seen ||= reply.newer?
      return [] if now < @quiet_until || reply.newer?

      resume("the deploy was released, and no newer release came")
    end

    def bind(reply, now)
      @epoch = @highest = reply.epoch
      @pushing = reply.phase == "pushing"
      @quiet_until = nil
      @left = reply.left
      @lapse_at = now + reply.left
      # `reply.now` is older than `now`, so the cap comes out too early on the server's clock, never too late.
      @hold = [reply.expiry, reply.now + (@cap_at - now)].min.floor
    end

    def resume(why)
      @state = :running
      @epoch = nil
      forget
      [why]
    end

    def forget
      @forced = @pushing = @newer_seen = false
      @quiet_until = @hold = nil
      @left = 0
      @lapse_at = @cap_at = NEVER
    end

    # Epochs are digits, too many of them for a Float.
    def above?(epoch, other)
      epoch.to_i > other.to_i
    end
  end
  private_constant :Machine

  # What a URL for Sentinel or Cluster says, part by part. Holds secrets.
  class Route
    # What is wrong with the URL, in words that show nothing of it.
    class Wrong < StandardError; end

    SEED = /\A(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?\z/.freeze
    NO_HOST = "it names no host, or one that is none: host[:port], commas between"
    private_constant :SEED, :NO_HOST

    # `:sentinel` or `:cluster`; `rediss` or `redis`; what to log in with at the servers, and at the sentinels: `username`, `password`
    attr_reader :kind, :scheme, :login, :sentinel_login, :primary, :db

    # Raises Wrong.
    def initialize(url)
      raise Wrong, "it holds a blank or a #, which must be percent-encoded" if /[\s#]/.match?(url)

      scheme, rest = url.split("://", 2)
      @scheme, kind = scheme.split("+")
      @kind = kind.to_sym
      authority, path, query = rest.match(%r{\A([^/?]*)([^?]*)(?:\?(.*))?\z}).captures
      # A password may hold an @ that nobody encoded; a host can't.
      login, _, seeds = authority.rpartition("@")
      user, _, password = login.partition(":")
      @login = { username: user, password: password }.transform_values { |text| decoded(text, "its user name or password") }
      @seeds = seeds.split(",", -1).map { |seed| seed_of(seed) }
      raise Wrong, NO_HOST if @seeds.empty?

      @db = 0
      @sentinel_login = { username: nil, password: nil }
      @kind == :sentinel ? read_sentinel(path, query.to_s) : refuse(path, query)
    end

    # Tries one seed after the other until one leads somewhere: `look_up` is given the host and port of a seed and returns those of a
    # server, the block is given these and returns what this returns. Who was of no use is asked last from then on. Raises what went
    # wrong if all seeds were in vain.
    def follow(look_up)
      failures = []
      tried = []
      @seeds.size.times do
        place = look_up.call(*@seeds.first)
        # Whoever names a server that was of no use a moment ago has nothing to add.
        unless tried.include?(place)
          tried << place
          return yield(*place)
        end
        pass_over
      rescue StandardError => e
        failures << e
        pass_over
      end
      texts = failures.map { |failure| Internal.sentence(failure) }.uniq
      # All the same, as one right that all of them refuse, or each with a cause of its own. The gem's version 5 adds which server it was.
      raise failures.first if texts.uniq { |text| text.sub(%r{ \(rediss?://\S+\)\z}, "") }.size == 1

      raise texts.join("; ")
    end

    # What the first seed leads to is of no use.
    def pass_over
      @seeds.rotate!
    end

    private

    def seed_of(text)
      address, name, port = SEED.match(text)&.captures
      host = address || name or raise Wrong, NO_HOST
      port = (port || (@kind == :sentinel ? 26_379 : 6_379)).to_i
      raise Wrong, "one of its ports is not between 1 and 65535" unless (1..65_535).cover?(port)

      [host, port]
    end

    def read_sentinel(path, query)
      name, db = path.match(%r{\A/([^/]+)(?:/([0-9]{0,5}))?\z})&.captures
      @primary = decoded(name.to_s, "its primary's name")
      # Sentinel's own rule for a name.
      unless /\A[A-Za-z0-9_.-]+\z/.match?(@primary)
        raise Wrong, "its path is not the sentinels' name for the primary, or that and the number of a database"
      end

      @db = db.to_i
      query.split("&").reject(&:empty?).each { |option| read_option(*option.partition("=").values_at(0, 2)) }
    end

    def read_option(name, value)
      field = { "sentinel-user" => :username, "sentinel-password" => :password }[name] or
        raise Wrong, "its query holds more than sentinel-user and sentinel-password"
      @sentinel_login[field] = decoded(value, "the sentinels' user name or password in its query")
    end

    def refuse(path, query)
      raise Wrong, "it names a database, and a cluster has database 0 alone" unless ["", "/", "/0"].include?(path)
      raise Wrong, "it has a query, and a cluster has none" unless query.nil?
    end

    # nil for nothing
    def decoded(text, what)
      return if text.empty?

      # Of a form's text it would make blanks of pluses.
      plain = /%(?![0-9A-Fa-f]{2})/.match?(text) ? nil : URI.decode_www_form_component(text.gsub("+", "%2B"))
      plain&.valid_encoding? ? plain : raise(Wrong, "#{what} is not percent-encoded")
    end
  end
  private_constant :Route

  # The one connection, to the server that has the gate's keys now: before each connect it is looked up anew where the URL says.
  class Link
    # Whatever went wrong, in words that show no secret: a sentence without its full stop.
    class Down < StandardError; end

    SLOTS = 16_384
    private_constant :SLOTS

    # `where` names the option or variable that the URL came from.
    def initialize(url, where, verify:, pins:, gate:)
      scheme = SCHEMES.find { |known| url.start_with?(known) }
      unless scheme
        raise ArgumentError, "deploy-gate: #{where} begins with none of #{SCHEMES.join(', ')}. Expected #{REDIS_URL_RULE}."
      end

      @where = where
      @slot = crc16(gate) % SLOTS
      @pins = pins
      @stranger = @redis = nil
      @options = {
        timeout: COMMAND_TIMEOUT_SECONDS,
        # The beats are what is sent again, with a pause that grows: a client that did it too would only double the time until a
        # failure shows. Beats are idempotent either way.
        reconnect_attempts: 0,
        # The driver is Ruby's own because others don't know `verify_callback`, and RESP2 because the rights that docs/protocol.md
        # asks for don't include HELLO. Version 4 of the gem knows nothing else and overlooks `protocol`.
        driver: :ruby,
        protocol: 2
      }
      @options[:ssl_params] = trust(verify) if scheme.start_with?("rediss")
      scheme.include?("+") ? read_route(url) : read_plain(url)
    end

    # Whatever goes wrong, the connection is given up: the server behind it may not be the one any more. Raises Down.
    def beat(keys, arguments)
      @stranger = nil
      @redis ||= connect
      Reply.new(*run(keys, arguments).first(Reply.members.size))
    rescue StandardError => e # the gem's versions raise their own, OpenSSL's and the system's errors
      close
      @route&.pass_over
      raise Down, complaint(e)
    end

    def close
      redis, @redis = @redis, nil
      redis&.close
    end

    private

    def read_plain(url)
      @options[:url] = url
      # Made to see whether the URL can be used: it connects with its first command.
      open
    rescue StandardError
      # Its own message would show the URL, and so would its cause.
      raise ArgumentError, "deploy-gate: #{@where} can't be used. Expected #{REDIS_URL_RULE}.", cause: nil
    end

    def read_route(url)
      @route = Route.new(url)
      @options.update(db: @route.db, **@route.login)
    rescue Route::Wrong => e
      rule = url.include?("+sentinel:") ? SENTINEL_URL_RULE : CLUSTER_URL_RULE
      raise ArgumentError, "deploy-gate: #{@where} can't be used: #{e.message}. Expected #{rule}.", cause: nil
    end

    def open(**options)
      Redis.new(@options.merge(options))
    end

    def open_at(host, port, **options)
      # A URL always, also where there is none to name: without it the gem would read REDIS_URL.
      open(url: "#{@route.scheme}://#{host.include?(':') ? "[#{host}]" : host}:#{port}", **options)
    end

    def connect
      return open if @route.nil?

      return @route.follow(method(:owner)) { |host, port| open_at(host, port) } if @route.kind == :cluster

      @route.follow(method(:primary)) { |host, port| to_primary(host, port) }
    end

    # The server that has the gate's slot: host and port.
    def owner(host, port)
      slots = look_up(host, port) { |node| node.call("CLUSTER", "SLOTS") }
      _, _, owner = slots.find { |first, last,| (first..last).cover?(@slot) }
      raise "no node of the cluster has the gate's slot, which is #{@slot}" if owner.nil?

      # A node that does not know how others reach it says nothing, or "?": it is reached as this one was.
      [[nil, "", "?"].include?(owner[0]) ? host : owner[0], owner[1]]
    end

    # The server that the sentinel names: host and port.
    def primary(host, port)
      at = look_up(host, port, **@route.sentinel_login) do |sentinel|
        sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", @route.primary)
      end
      at or raise "a sentinel knows no primary of the name that #{@where} gives"
    end

    def to_primary(host, port)
      server = open_at(host, port)
      # A sentinel that was cut off names an old one.
      role = server.call("ROLE").first
      raise "a sentinel names a server as the primary that is a #{role}" unless role == "master"

      server
    rescue StandardError
      server&.close
      raise
    end

    # Yields a connection that is closed then: a participant keeps one only.
    def look_up(host, port, **login)
      asked = open_at(host, port, db: 0, timeout: LOOKUP_TIMEOUT_SECONDS, **login)
      yield asked
    ensure
      asked&.close
    end

    # CRC-16/XMODEM, by which a Redis Cluster tells slots.
    def crc16(text)
      text.each_byte.reduce(0) do |crc, byte|
        (0...8).reduce(crc ^ (byte << 8)) { |bits,| bits[15].zero? ? bits << 1 & 0xffff : (bits << 1 ^ 0x1021) & 0xffff }
      end
    end

    def run(keys, arguments)
      @redis.evalsha(BEAT_SHA, keys, arguments)
    rescue Redis::CommandError => e
      raise unless e.message.start_with?("NOSCRIPT")

      @redis.eval(BEAT, keys, arguments)
    end

    # What went wrong, to what, and what helps.
    def complaint(error)
      if @stranger
        return "Redis can't be reached (the server's certificate has the SHA-256 fingerprint #{@stranger}, which is not " \
               "#{@pins.one? ? 'the' : 'a'} pinned one)"
      end

      text = Internal.sentence(error)
      (@route ? route_complaint(text) : plain_complaint(text)) || general_complaint(error, text)
    end

    # What only a plain URL can be the cause of; nil for anything else.
    def plain_complaint(text)
      if text.start_with?("MOVED")
        "the server of #{@where} is one node of a Redis Cluster, and another one has the gate's keys; write the URL as " \
          "redis+cluster://[user:password@]host[:6379],..."
      elsif sentinel?(text)
        "the server of #{@where} is a sentinel, which keeps no keys; write the URL as " \
          "redis+sentinel://[user:password@]host[:26379],.../<primary name>"
      end
    end

    # What only a URL for Sentinel or Cluster can be the cause of; nil for anything else.
    def route_complaint(text)
      single = "the URL of a single server begins with redis:// or rediss://"
      case text
      when /cluster support disabled/ then "the server of #{@where} is no node of a Redis Cluster; #{single}"
      when /unknown command.*sentinel/i
        "the server of #{@where} is no sentinel; redis+sentinel:// names the sentinels, as a rule on port 26379, and #{single}"
      end
    end

    # Whether the refusal is a sentinel's, which knows no scripts. Most have no password; a URL that has one is refused before it could
    # be seen whom it leads to.
    def sentinel?(refusal)
      return false unless /unknown command|without any password/.match?(refusal)

      uri = URI(@options[:url])
      uri.path = ""
      uri.password = uri.user = nil unless refusal.include?("unknown command")
      asked = open(url: uri.to_s)
      asked.call("ROLE").first == "sentinel"
    rescue StandardError # it was a guess
      false
    ensure
      asked&.close
    end

    def general_complaint(error, text)
      # For the gem's version 5 a replica's refusal is an error of the connection.
      return "Redis can't be reached (#{text})" unless error.is_a?(Redis::CommandError) || text.start_with?("READONLY")
      return "Redis refused a beat (#{text})" unless /\ANOPERM|ACL failure|user executing the script/.match?(text)

      "Redis refused a beat (#{text}): its user lacks #{lacked(text)}; docs/redis.md lists all that it needs"
    end

    # The right that a user lacks, in the form of an ACL. Of a command in a script some servers tell the line alone.
    def lacked(refusal)
      return "a right" if /\b(keys?|channels?)\b/.match?(refusal)

      line = refusal[/user_script:(\d+)/, 1]
      command = line ? BEAT.lines[line.to_i - 1].to_s[/redis\.call\('(\w+)'/, 1] : refusal[/run the '([^']+)'/, 1]
      command ? "the right +#{command.downcase}" : "a right"
    end

    def trust(verify)
      return { verify_mode: verify ? OpenSSL::SSL::VERIFY_PEER : OpenSSL::SSL::VERIFY_NONE } if @pins.nil?

      # Called within the handshake, so before AUTH is sent: a stranger must not learn the password.
      check = lambda do |trusted, store|
        shown = Digest::SHA256.hexdigest(store.chain.first.to_der)
        known = @pins.include?(shown)
        @stranger = shown unless known
        known && (trusted || !verify)
      end
      { verify_mode: OpenSSL::SSL::VERIFY_PEER, verify_hostname: verify ? true : false, verify_callback: check }
    end
  end
  private_constant :Link

  # What a drain handler is given.
  class DrainContext
    def initialize(&changed)
      @changed = changed
      @progress = { running: 0, finished: 0, stored: 0, note: "" }.freeze
      @stop = @withdrawn = @reported = false
    end

    # Time is up: abort the running jobs, store them, and return. Stays false when the drain is withdrawn.
    def stop?
      @stop
    end

    # The drain was withdrawn, and `resume` is called or was: a handler that still waits can return, and must not stop anything.
    def withdrawn?
      @withdrawn
    end

    # Tells the deployer how far it is, as often as you like: whole numbers since the drain began, and one line for a person.
    def report(running: nil, finished: nil, stored: nil, note: nil)
      return if withdrawn?

      given = { running: running, finished: finished, stored: stored }.compact
      progress = @progress.merge(given.transform_values { |count| [Integer(count), 0].max })
      progress[:note] = Internal.one_line(note) unless note.nil?
      return if @reported && progress == @progress

      @reported = true
      @progress = progress.freeze
      @changed.call
    end

    # @api private
    def reported?
      @reported
    end

    # @api private
    def row
      @progress[:note].empty? ? @progress.reject { |name,| name == :note } : @progress
    end

    # @api private
    def force
      @stop = true
    end

    # @api private
    def withdraw
      @withdrawn = true
    end
  end

  # A process that takes part: what `join` returns.
  class Participation
    # `$DYNO` and a random part: another one after each boot.
    attr_reader :id

    # @api private
    def initialize(drain:, resume:, who:, keys:, link:, log:)
      @handlers = { drain: drain, resume: resume }
      @who = who
      @keys = keys
      @link = link
      @log = log
      @id = "#{who[:dyno]}##{SecureRandom.uuid}"
      @pid = Process.pid
      @machine = Machine.new
      @foreign = PROTOCOL_VERSION
      @lock = Monitor.new
      @changed = @lock.new_cond
      @rung = @free = @left = @leaving = @answered = @complained = @warned = @begun = false
      @drain = @resuming = nil
      @promised = 0
    end

    # `:booting`, `:running`, `:draining`, `:drained`, `:failed` or `:exited`
    def state
      @machine.state
    end

    # Drains for the end of the process, says goodbye and disconnects. Never goes back to scheduling. Not for a signal's trap, where
    # Ruby allows no locks: call it in a thread from there.
    def leave
      # A forked child has no beats, and nothing to say.
      return unless mine?

      @lock.synchronize do
        begin_leaving unless @leaving
        @changed.wait_until { @left }
      end
      nil
    end

    def inspect
      "#<#{self.class.name} #{id} #{state}>"
    end

    # @api private
    def start
      thread { live }
      thread { watch }
      @lock.synchronize do
        wait_for(BOOT_BARRIER) { @free }
        if !@free && @machine.state == :booting
          say "Redis did not answer at boot; starting without the gate, and joining as soon as it does"
          @machine.start_anyway
          @free = true
        end
        # A process that is told to end while it is held since its boot ends here.
        @changed.wait_until { @free }
      end
    end

    # Drains at SIGTERM, then lets the signal do what it would have done, so that the exit status stays true.
    #
    # @api private
    def handle_sigterm
      @previous = Signal.trap("TERM") { sigterm }
    end

    # Takes no lock itself, as a trap must not. The thread that it is called in may be what runs the jobs, and does not wait either.
    # @api private
    def sigterm
      return die if @left || !mine?

      thread do
        leave
        die
      end
    end

    private

    def mine?
      Process.pid == @pid
    end

    def die
      Signal.trap("TERM", @previous || "SYSTEM_DEFAULT")
      Process.kill("TERM", Process.pid)
    end

    def thread(&block)
      Thread.new(&block).tap { |started| started.name = "deploy-gate" }
    end

    # A log that fails, a closed standard output for instance, must not end the beats.
    def say(line)
      @log.call(line)
    rescue StandardError => e
      warn_once("the log failed (#{Internal.sentence(e)}), first with: #{line}")
    end

    def warn_once(line)
      warn "[deploy-gate] #{line}" unless @warned
      @warned = true
    rescue StandardError
      # Nobody is left to tell.
    end

    def ring
      @lock.synchronize do
        @rung = true
        @changed.broadcast
      end
    end

    # Returns when the block is true, or `timeout` later. The lock is held.
    def wait_for(timeout)
      deadline = Internal.now + timeout
      until yield
        left = deadline - Internal.now
        break unless left.positive?

        @changed.wait(left / 1000.0)
      end
    end

    def begin_leaving
      @leaving = true
      perform(@machine.leave)
      thread do
        sleep FORCE_AFTER_SIGTERM / 1000.0
        force
      end
      ring
    end

    def live
      failures = 0
      until @lock.synchronize { @leaving && @machine.state == :drained }
        @lock.synchronize do
          wait_for(FIRST_REPORT) { @drain.nil? || @drain.reported? } if @begun
          @begun = @rung = false
        end
        failures = beat ? 0 : failures + 1
        @lock.synchronize do
          perform(@machine.expire(Internal.now))
          wait_for(pause(failures)) { @rung }
        end
      end
      @lock.synchronize { @machine.exit }
      thread { beat }.join(FAREWELL / 1000.0)
      @lock.synchronize do
        @left = true
        @changed.broadcast
      end
      @link.close
    end

    # Ends a hold when its time is over. A beat may wait for many seconds for a server that says nothing, and can't do it then.
    def watch
      @lock.synchronize do
        until @left
          perform(@machine.expire(Internal.now))
          at = @machine.expires_at
          @changed.wait(at == Machine::NEVER ? nil : [at - Internal.now, 0].max / 1000.0)
        end
      end
    end

    def pause(failures)
      # An answer may ask for a longer interval than its beat has promised: it begins with the next one.
      due = [@machine.beat_every, @promised, @machine.expires_at - Internal.now].min
      return due if failures.zero?

      [due, [10_000, 100 * 2**[failures, 10].min].min * rand(0.5..1.0)].min
    end

    # Whether the server answered.
    def beat
      reply = @link.beat([@keys[:intent], @keys[:roster]], @lock.synchronize { beat_arguments })
      @lock.synchronize { receive(reply) }
      true
    rescue Link::Down => e
      say "#{e.message}; this process goes on and keeps trying" unless @complained
      @complained = true
      false
    end

    def beat_arguments
      row = { v: PROTOCOL_VERSION, **@who, **@machine.standing, running: 0, finished: 0, stored: 0 }
      row.merge!(@drain.row) if @drain && @machine.state != :running
      @promised = @machine.beat_every
      [id, JSON.generate(row), @promised.round.to_s, @answered ? "" : "1", @keys[:reports]]
    end

    def receive(reply)
      say "Redis is reachable again" if @complained
      @complained = false
      @answered = true
      compare(reply.version)
      before = [@machine.state, @machine.epoch]
      perform(@machine.answered(reply, Internal.now))
      # The hold may end at another time now.
      @changed.broadcast
      # A deployer waits to read what changed, and the next beat may be far.
      ring if [@machine.state, @machine.epoch] != before
      # A process that ends while it is held since its boot must not start scheduling on its way out.
      set_free unless @machine.quiet? || @leaving
    end

    def compare(version)
      unless [@foreign, PROTOCOL_VERSION].include?(version)
        say "a deploy asks in version #{version} of the drain protocol, and this process speaks version #{PROTOCOL_VERSION}: " \
            "it can't be drained and goes on. Update the older one, deploy_gate.rb in the app or the action in the workflow"
      end
      @foreign = version
    end

    def perform(effects)
      effects.each do |effect|
        case effect
        when :drain then begin_drain
        when :force then force
        else resume(effect)
        end
      end
    end

    def force
      @lock.synchronize { @drain&.force }
    end

    def set_free
      @free = true
      @changed.broadcast
    end

    def begin_drain
      @drain = DrainContext.new { ring }
      @begun = true
      say @leaving ? "leaving: starting nothing new" : "a deploy asks to drain: starting nothing new"
      drain = @drain
      resuming = @resuming
      thread { run_drain(drain, resuming) }
    end

    def run_drain(drain, resuming)
      resuming&.join
      # Withdrawn meanwhile: a handler that is called now would stop the app with nothing to start it again.
      return if drain.withdrawn?

      failure = call_drain(drain)
      @lock.synchronize { end_drain(drain, failure) unless drain.withdrawn? }
    end

    # Returns why the handler failed; nil if it did not.
    def call_drain(drain)
      counts = @handlers[:drain].call(drain)
      drain.report(**counts.slice(:finished, :stored, :note)) if counts.is_a?(Hash)
      drain.report(running: 0)
      nil
    rescue StandardError, ScriptError => e # whatever the app's own code raises refuses the drain
      failure = Internal.one_line(e.message)
      failure = "the drain handler failed without a message" if failure.empty?
      drain.report(note: failure)
      failure
    end

    def end_drain(drain, failure)
      if failure && !@leaving
        say "the drain handler failed, so this deploy is refused: #{failure}"
        @machine.failed
        call_resume
      else
        say "the drain handler failed: #{failure}" if failure
        @machine.drained
        say format("drained: %<finished>d finished, %<stored>d stored", **drain.row)
      end
      ring
    end

    def resume(why)
      say "resuming: #{why}"
      held = @drain
      @drain = nil
      # Held since its boot, the app has not started its scheduler: leaving the barrier is all there is to resume.
      if held
        held.withdraw
        call_resume
      end
      set_free
      ring
    end

    def call_resume
      @resuming = thread do
        @handlers[:resume].call
      rescue StandardError, ScriptError => e
        say "the resume handler failed, so this process may not be scheduling: #{Internal.sentence(e)}"
      end
    end
  end

  # A clockwork clock under the gate: what `guard_clockwork` returns.
  class ClockworkGuard
    # What it needs of clockwork, by owner: without one of them it would be no barrier, and says so instead.
    HOOKS = {
      Manager: %i[run fire_callbacks events_to_run thread_available?],
      Event: %i[run execute thread? last= convert_timezone]
    }.freeze
    NAMED = 5
    private_constant :HOOKS, :NAMED

    # The Participation; nil until the clock is about to run.
    attr_reader :participation

    # @api private
    def initialize(missed:, **options)
      @missed_policy = missed
      @options = options
      @lock = Monitor.new
      @changed = @lock.new_cond
      @held = @stopping = false
      # By event: how many runs are not over, when it was due while held, and when it was due that is caught up with in this tick.
      @running, @missed, @late = Array.new(3) { {}.compare_by_identity }
      @stored = 0
      @refused = nil
    end

    # A deploy is out of patience: jobs that look at this can put themselves away, call `stored` and return.
    def stopping?
      @stopping
    end

    # Called by a job that put itself away because of `stopping?`, before it returns.
    def stored
      @lock.synchronize do
        @stored += 1
        @changed.broadcast
      end
      nil
    end

    # Runs that have been started and are not over, with `thread: true` or without.
    def running
      @lock.synchronize { @running.values.sum }
    end

    # @api private
    def drain(context)
      begun = hold(context)
      until begun.nil? || context.withdrawn?
        left = running
        counts = { running: left, finished: [begun - left - @stored, 0].max, stored: @stored }
        return counts if left.zero?

        context.report(note: names, **counts)
        @lock.synchronize do
          @stopping = true if context.stop? && !context.withdrawn?
          # The end of a run is told; the time is for `context.stop?`.
          @changed.wait(0.2) if running == left
        end
      end
    end

    # @api private
    def resume
      @lock.synchronize do
        @held = @stopping = false
        @missed.clear if @missed_policy == :skip
        @changed.broadcast
      end
    end

    # @api private
    def join
      @participation = DeployGate.join(drain: method(:drain), resume: method(:resume), **@options)
    end

    # @api private
    def handles_sigterm?
      @options.fetch(:handle_sigterm, true)
    end

    # Whether `event`, due at `time`, must wait. It then counts as missed, and for clockwork's schedule as run: when it is due next
    # does not depend on deploys.
    # @api private
    def put_off?(event, time)
      @lock.synchronize do
        next false unless @held

        @missed[event] = time = @late.delete(event) || time
        event.last = event.convert_timezone(time)
        true
      end
    end

    # Counts a run, unless it must wait: this and the drain take turns, so nothing starts once a drain has begun. Returns the time
    # that the run is for.
    # @api private
    def begin_run(event, time)
      @lock.synchronize do
        if put_off?(event, time)
          @refused = event
          next nil
        end

        @running[event] = @running.fetch(event, 0) + 1
        @late.delete(event) || time
      end
    end

    # @api private
    def end_run(event)
      @lock.synchronize do
        @running[event] -= 1
        @running.delete(event) if @running[event].zero?
        @changed.broadcast
      end
    end

    # Whether the run that clockwork believes to have started just now was put off.
    # @api private
    def refused?(event)
      @refused.equal?(event).tap { @refused = nil }
    end

    # The events of one tick: those due, and before them those of `registered` that were due while held.
    # @api private
    def due(events, registered)
      @lock.synchronize do
        next events if @held

        @late = @missed.select { |event,| registered.include?(event) && !events.include?(event) }.compare_by_identity
        @missed.clear
        @late.keys + events
      end
    end

    # @api private
    def self.install
      HOOKS.each do |owner, names|
        type = Clockwork.const_get(owner)
        lacks = names.reject { |name| type.method_defined?(name) || type.private_method_defined?(name) }
        next if lacks.empty?

        raise "deploy-gate: clockwork's #{owner} has no #{lacks.join(', ')}, so it can't be guarded. Known to work: clockwork 3.0."
      end
      Clockwork::Manager.prepend(ManagerHooks)
      Clockwork::Event.prepend(EventHooks)
    end

    private

    # From its return on nothing starts. Returns how many runs are to be waited for, or nil: the drain was withdrawn. Who withdraws says
    # so before calling `resume`, so what is held here has its resume still to come.
    def hold(context)
      @lock.synchronize do
        next if context.withdrawn?

        @held = true
        @stopping = false
        @stored = 0
        running
      end
    end

    def names
      @lock.synchronize { @running.keys }.map(&:to_s).uniq.sort.first(NAMED).join(", ")
    end

    # For Clockwork::Manager.
    module ManagerHooks
      # The way into the clock for the executable `clockwork` and for `Clockwork.run`.
      def run
        DeployGate.clockwork_guard.join
        super
      end

      # Its own ends the process with status 0, and in the middle of all jobs that have a thread.
      def handle_signal(signal)
        guard = DeployGate.clockwork_guard
        signal == "TERM" && guard.handles_sigterm? ? guard.participation.sigterm : super
      end

      def fire_callbacks(name, *args)
        guard = DeployGate.clockwork_guard
        return false if name == :before_run && guard.put_off?(*args)
        return true if name == :after_run && guard.refused?(args.first)

        super
      end

      # Asked by an event with a thread of its own, right before it starts it.
      def thread_available?
        super.tap { |available| Thread.current[:deploy_gate_thread] = available }
      end

      private

      def events_to_run(time)
        DeployGate.clockwork_guard.due(super, @events)
      end
    end

    # For Clockwork::Event.
    module EventHooks
      def run(time)
        guard = DeployGate.clockwork_guard
        time = guard.begin_run(self, time)
        return if time.nil?

        Thread.current[:deploy_gate_thread] = false
        begin
          super(time)
        ensure
          # If it got a thread of its own, the run ends in there.
          guard.end_run(self) unless thread? && Thread.current[:deploy_gate_thread]
        end
      end

      private

      def execute
        super
      ensure
        DeployGate.clockwork_guard.end_run(self) if thread?
      end
    end
    private_constant :ManagerHooks, :EventHooks
  end

  class << self
    # The guard that `guard_clockwork` made last.
    attr_reader :clockwork_guard

    # Takes part in the app's gate. Start your scheduler after it returned: a process that boots into a deploy is held until then.
    #
    # drain.call(context): start no new job, wait for the running ones, return: from then on nothing runs and nothing starts. Called in
    #   a thread of its own, perhaps again before it returned, if a drain was withdrawn meanwhile. May return a Hash with `:finished`
    #   and `:stored`. An exception refuses the drain: the deploy fails with its message, and `resume` is called.
    # resume.call: back to scheduling. Also called while `drain` still waits, when the drain was withdrawn.
    # redis_url, gate_name, dyno: default to REDIS_URL, DEPLOY_GATE_NAME (else `default`), DYNO (else `clock.local`).
    # verify_certificate: Heroku's own Redis has a self-signed certificate, so the default is false.
    # certificate_fingerprint: SHA-256 of the only accepted certificate, hex with or without colons; several with commas between, where
    #   servers take over from each other.
    # handle_sigterm: drain at SIGTERM, then raise it again. With false, call `leave` yourself.
    # log.call(line): where its few lines go; default: standard output.
    #
    # Returns a Participation, within 5 s if Redis can't be reached. Raises ArgumentError for a missing or wrong option, naming it.
    def join(drain:, resume:, redis_url: nil, gate_name: nil, dyno: nil, verify_certificate: false,
             certificate_fingerprint: nil, handle_sigterm: true, log: PRINT)
      { drain: drain, resume: resume, log: log }.each do |name, given|
        raise ArgumentError, "deploy-gate: #{name} can't be called. Expected a lambda or a method." unless given.respond_to?(:call)
      end
      url = address(redis_url)
      gate = gate_of(gate_name)
      link = Link.new(*url, verify: verify_certificate, pins: pins_of(certificate_fingerprint), gate: gate)
      keys = %i[intent roster reports].to_h { |key| [key, "deploy-gate:{#{gate}}:#{key}"] }
      participation = Participation.new(drain: drain, resume: resume, who: who(dyno), keys: keys, link: link, log: log)
      participation.handle_sigterm if handle_sigterm
      participation.start
      participation
    end

    # Puts the clockwork clock of this process under the gate. Call it in clock.rb, before or after the events are defined. It returns
    # at once: the clock joins when it is about to run, whether by the executable `clockwork` or by `Clockwork.run`, and runs when it
    # may.
    #
    # missed: what happens after the resume to events that were due while held: `:one` run each, or `:skip`.
    # options: those of `join` but `drain` and `resume`.
    def guard_clockwork(missed: :one, **options)
      unless %i[one skip].include?(missed)
        raise ArgumentError, "deploy-gate: missed is #{missed.inspect}. Expected :one or :skip."
      end

      known = method(:join).parameters.map(&:last) - %i[drain resume]
      unknown = options.keys - known
      unless unknown.empty?
        raise ArgumentError, "deploy-gate: guard_clockwork has no option #{unknown.join(', ')}. Its options are missed, #{known.join(', ')}."
      end
      raise "deploy-gate: guard_clockwork is called while a guarded clock runs in this process." if @clockwork_guard&.participation

      require "clockwork"
      ClockworkGuard.install
      @clockwork_guard = ClockworkGuard.new(missed: missed, **options)
    end

    private

    def address(given)
      url = given.nil? ? ENV["REDIS_URL"] : given
      return [url, given.nil? ? "REDIS_URL" : "redis_url"] unless url.nil? || url.empty?

      raise ArgumentError, "deploy-gate: there is no Redis URL. Set REDIS_URL, or pass redis_url to join()."
    end

    def gate_of(given)
      gate = given.nil? ? presence(ENV["DEPLOY_GATE_NAME"]) || "default" : given
      return gate if GATE_NAME.match?(gate)

      raise ArgumentError, "deploy-gate: the gate name #{gate.inspect} can't be used. Expected #{GATE_NAME_RULE}."
    end

    def pins_of(given)
      pins = given&.split(",", -1)&.map { |pin| pin.strip.delete(":").downcase }
      return pins if pins.nil? || (pins.any? && pins.all?(/\A[0-9a-f]{64}\z/))

      raise ArgumentError,
            "deploy-gate: certificate_fingerprint is not a SHA-256 in hex. Expected 64 hex digits, with or without colons; several with " \
            "commas between."
    end

    # What every row says of the process. Its type is `clock` in `clock.1` (Cedar) and in `clock-12a34b56d-e78f9` (Fir).
    def who(given)
      dyno = presence(given) || presence(ENV["DYNO"]) || "clock.local"
      type = dyno[/\A(.+?)(?:\.[^.]+|-[0-9a-z]+-[0-9a-z]+)\z/, 1] || dyno
      known = { app: presence(ENV["HEROKU_APP_NAME"]), release: presence(ENV["HEROKU_RELEASE_VERSION"]) }
      { type: type, dyno: dyno, **known.compact }
    end

    def presence(text)
      text unless text.nil? || text.empty?
    end
  end
end

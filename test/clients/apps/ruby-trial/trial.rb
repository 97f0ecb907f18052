# frozen_string_literal: true

# What every Ruby app under trial schedules: a tick, which runs a job if Redis holds one. See docs/conformance.md.

require "redis"

module Trial
  GATED = ENV["NO_GATE"] != "1"

  gate = ENV["DEPLOY_GATE_NAME"].to_s
  COUNTS = "deploy-gate:{#{gate.empty? ? 'default' : gate}}:trial"
  JOBS = "#{COUNTS}:jobs"
  SERVER = Redis.new(url: ENV.fetch("REDIS_URL"))
  NEVER = -> { false }
  $stdout.sync = true

  class << self
    def say(line)
      $stdout.write("#{line}\n")
    end

    # `stopping` tells whether jobs must be put away; the block is told `:finished` or `:stored`.
    def tick(stopping: NEVER)
      length = take or return
      SERVER.hincrby(COUNTS, "started", 1)
      say "job started"
      left = work(length, stopping)
      how = left.positive? ? :stored : :finished
      SERVER.lpush(JOBS, left) if how == :stored
      SERVER.hincrby(COUNTS, how.to_s, 1)
      yield how if block_given?
      say "job #{how}"
    end

    private

    def take
      _, length = SERVER.pipelined do |pipeline|
        pipeline.hincrby(COUNTS, "ticks", 1)
        pipeline.rpop(JOBS)
      end
      length&.to_i
    rescue Redis::BaseError
      nil
    end

    # Returns what is left of the length, in ms.
    def work(length, stopping)
      ending = now + length
      sleep 0.02 while now < ending && !stopping.call
      (ending - now).round
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC, :float_millisecond)
    end
  end
end

# frozen_string_literal: true

require "deploy_gate"
require "trial"

class Job
  attr_reader :how
  attr_writer :context

  def initialize
    @thread = Thread.new { Trial.tick(stopping: method(:stop?)) { |how| @how = how } }
  end

  def alive?
    @thread.alive?
  end

  # A tick that found a job.
  def working?
    alive? && @working
  end

  private

  # Asked only by a job at work.
  def stop?
    @working = true
    @context&.stop?
  end
end

lock = Mutex.new
held = false
jobs = []

drain = lambda do |context|
  running = lock.synchronize do
    held = true unless context.withdrawn?
    jobs.select(&:alive?)
  end
  running.each { |job| job.context = context }
  loop do
    ended = running.reject(&:alive?).map(&:how).tally
    counts = { finished: ended.fetch(:finished, 0), stored: ended.fetch(:stored, 0) }
    context.report(running: running.count(&:working?), **counts)
    break counts if running.none?(&:alive?) || context.withdrawn?

    sleep 0.05
  end
end

resume = lambda do
  lock.synchronize { held = false }
  Trial.say "scheduling"
end

DeployGate.join(drain: drain, resume: resume) if Trial::GATED
Trial.say "scheduling"
loop do
  lock.synchronize do
    jobs.select!(&:alive?)
    jobs << Job.new unless held
  end
  sleep 0.2
end

# frozen_string_literal: true

# A Sidekiq worker as docs/recipes.md has it. Run as a program it enqueues jobs: `worker.rb name …`.

require "redis"
require "sidekiq"

# Pushes the jobs in hand back to their queue and ends, whatever -t says.
Sidekiq.configure_server do
  trap("USR2") do
    Thread.new do
      Sidekiq.options[:timeout] = 0
      Sidekiq::CLI.instance.launcher.stop
    end
  end
end

class Job
  include Sidekiq::Worker

  SERVER = Redis.new(url: ENV.fetch("REDIS_URL"))

  def perform(name)
    SERVER.rpush("happened", "#{name} begun")
    sleep 0.05 until SERVER.exists?("end #{name}")
    SERVER.rpush("happened", "#{name} finished")
  end
end

ARGV.each { |name| Job.perform_async(name) } if $PROGRAM_NAME == __FILE__

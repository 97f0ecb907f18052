# frozen_string_literal: true

Gem::Specification.new do |spec|
  repository = "https://github.com/heroku-deploy-gate/heroku-deploy-gate"

  spec.name = "heroku_deploy_gate"
  # Read from the file, which may also be copied without all this.
  spec.version = File.read(File.join(__dir__, "deploy_gate.rb"))[/^  VERSION = "(.+)"$/, 1]
  spec.authors = ["the heroku-deploy-gate authors"]
  spec.summary = "Deploy to Heroku without killing the jobs that your clock is running: the app's side, in Ruby"
  spec.description = "Lets a deploy wait for the jobs that a clock runs: clockwork, or a schedule of one's own. " \
                     "The other side is the GitHub Action heroku-deploy-gate."
  spec.homepage = repository
  spec.license = "MIT"
  spec.metadata = {
    "source_code_uri" => "#{repository}/tree/main/clients/ruby",
    "documentation_uri" => "#{repository}/blob/main/clients/ruby/README.md",
    "bug_tracker_uri" => "#{repository}/issues",
    "rubygems_mfa_required" => "true"
  }

  # One file, which stands where it can be copied from, and one of the gem's own name, for Bundler.
  spec.files = %w[deploy_gate.rb heroku_deploy_gate.rb README.md LICENSE]
  spec.require_paths = ["."]
  spec.required_ruby_version = ">= 3.0"
  spec.add_dependency "redis", ">= 4.8", "< 6"
end

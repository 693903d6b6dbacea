# Run a job, print its output, exit with its exit code: ruby request.rb import /uploads/a.csv
require "json"
require "socket"

job, *args = ARGV
UNIXSocket.open(ENV.fetch("SCHEDD_SOCKET")) do |schedd|
  schedd.puts JSON.generate(v: 1, op: "run-now", args: {job: job, args: args})
  schedd.each_line do |line|
    message = JSON.parse(line)
    abort message["error"]["message"] if message["error"]
    $stdout.write message["data"].unpack1("m") if message["event"] == "output"
    exit message["run"]["exit_code"] if message["event"] == "finished"
  end
end
abort "schedd closed the connection"

// Run a job, print its output, exit with its exit code: node request.mjs import /uploads/a.csv
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [job, ...args] = process.argv.slice(2);
const schedd = connect(process.env.SCHEDD_SOCKET);
schedd.write(JSON.stringify({ v: 1, op: "run-now", args: { job, args } }) + "\n");
process.exitCode = 1;
for await (const line of createInterface({ input: schedd })) {
  const { event, data, run, error } = JSON.parse(line);
  if (error) console.error(error.message);
  if (event === "output") process.stdout.write(Buffer.from(data, "base64"));
  if (event === "finished") process.exitCode = run.exit_code;
}

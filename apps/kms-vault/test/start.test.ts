import { expect, test } from "vitest";
import { runOnce } from "./support/kms.ts";

test.each([
  {
    name: "transit without an address says which setting is missing",
    argv: [],
    env: {},
    want: [
      { setting: "VAULT_ADDR", fault: expect.stringContaining("must be given") },
      { setting: "VAULT_AUTH_METHOD", fault: expect.stringContaining("must be") },
    ],
  },
  {
    name: "all faults at once",
    argv: ["--enable-tls", "--enable-leader-election", "--leader-election-renew-deadline=20s"],
    env: { KMS_BACKEND: "keyring", KMS_KEY_POLICY: "precreate" },
    want: [
      { setting: "--leader-election-*", fault: "the lease duration must be above the renew deadline" },
      { setting: "--tls-cert", file: "server.crt", fault: "can't be read" },
      { setting: "--tls-key", file: "server.key", fault: "can't be read" },
      {
        setting: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT",
        fault: expect.stringContaining("in a pod"),
      },
      { setting: "KMS_KEY_POLICY", fault: "precreate needs the transit backend" },
    ],
  },
  {
    name: "a keyring that is not there is not made unasked",
    argv: [],
    env: { KMS_BACKEND: "keyring", KMS_KEYRING_PATH: "/nowhere/keyring.json" },
    want: [{ setting: "KMS_KEYRING_PATH", fault: expect.stringContaining("is not there") }],
  },
])("refuses to start: $name", async ({ argv, env, want }) => {
  const { code, lines } = await runOnce({ argv, env });
  expect(code).toBe(1);
  const faults = lines.filter(({ msg }) => msg === "configuration fault");
  expect(faults).toHaveLength(want.length);
  for (const [index, fault] of want.entries()) expect(faults[index]).toMatchObject(fault);
});

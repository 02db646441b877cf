/** What a check can find: what it means, and what to do. docs/reference/findings.md is made from the table. */
export interface FindingNote {
  readonly title: string;
  /** What other programs say when they meet it: talosctl, a worker, crypto/tls of Go, OpenSSL. */
  readonly says?: readonly string[];
  readonly cause: string;
  readonly cure: string;
}

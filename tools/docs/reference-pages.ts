// The pages of docs/reference, made from the code: path from the repository's root, and text.
import { apiPages } from "./api-pages.ts";
import { cliPages } from "./cli-pages.ts";
import { kmsConfigurationPage, signerConfigurationPage } from "./configuration-pages.ts";
import { errorsPage } from "./errors-page.ts";
import { metricsPage } from "./metrics-page.ts";

export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/reference/configuration.md", signerConfigurationPage()],
    ["docs/reference/configuration-kms-vault.md", kmsConfigurationPage()],
    ["docs/reference/errors.md", errorsPage()],
    ["docs/reference/metrics.md", await metricsPage()],
    ...cliPages(),
    ...apiPages(),
  ]);
}

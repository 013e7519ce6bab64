"""A run as other programs read it: JUnit for test reports, SARIF for code scanning, annotations for GitHub Actions."""

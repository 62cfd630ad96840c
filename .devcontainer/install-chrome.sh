#!/usr/bin/env bash
# Installs Chrome and the ChromeDriver of the same version, for the tests of the dashboard. Ubuntu's Chromium is a snap, which
# does not run in a container.
set -euo pipefail

if [ "$(dpkg --print-architecture)" != amd64 ]; then
  echo "There is no Chrome for Linux on this processor: tests/Dashboard.Tests will fail. Everything else works."
  exit 0
fi

# Writes the version and the path of the program. sudo has a PATH of its own, without Node.js.
install() {
  sudo env "PATH=$PATH" npx --yes @puppeteer/browsers@2.13.2 install "$@" --path /opt/browsers --format '{{buildId}} {{path}}' | tail -n 1
}

sudo apt-get update -qq
chrome=$(install chrome@stable --install-deps)
driver=$(install "chromedriver@${chrome%% *}")
sudo ln -sf "${chrome#* }" /usr/local/bin/google-chrome
sudo ln -sf "${driver#* }" /usr/local/bin/chromedriver
google-chrome --version
chromedriver --version

// Starts `gradproof lsp` for Markdown files. Everything else is the server's.
"use strict";

const fs = require("fs");
const path = require("path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function command() {
  const named = vscode.workspace.getConfiguration("gradproof").get("command");
  if (named) return named;
  const inFolder = process.platform === "win32" ? [".venv", "Scripts", "gradproof.exe"] : [".venv", "bin", "gradproof"];
  const trusted = vscode.workspace.isTrusted ? vscode.workspace.workspaceFolders || [] : [];
  const found = trusted.map((folder) => path.join(folder.uri.fsPath, ...inFolder)).find((each) => fs.existsSync(each));
  return found || "gradproof";
}

async function start() {
  const run = { command: command(), args: ["lsp"] };
  client = new LanguageClient(
    "gradproof",
    "gradproof",
    { run, debug: run },
    { documentSelector: [{ language: "markdown" }] },
  );
  try {
    await client.start();
  } catch (error) {
    vscode.window.showWarningMessage(`gradproof did not start: ${error.message}. pip install 'gradproof[editor]'`);
  }
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("gradproof.restart", async () => {
      if (client) await client.stop().catch(() => {});
      await start();
    }),
  );
  await start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };

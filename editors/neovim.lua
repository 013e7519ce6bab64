-- gradproof in Neovim 0.11 or newer: this file as ~/.config/nvim/lsp/gradproof.lua, and in init.lua
--     vim.lsp.enable("gradproof")
return {
  cmd = { "gradproof", "lsp" },
  filetypes = { "markdown" },
  root_markers = { "pyproject.toml", ".git" },
}

"""How bytes reach a board: one protocol, and SSH, a child process or a recording behind it."""

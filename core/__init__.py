"""The engine: LLMHNI training and scoring, with no screen in it."""

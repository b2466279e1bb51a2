"""The page Judge: ask a judge, see how far it can be trusted, and its judgements."""

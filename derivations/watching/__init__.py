"""Documents that are judged again at each change: what is remembered from one look to the next, and what is new."""

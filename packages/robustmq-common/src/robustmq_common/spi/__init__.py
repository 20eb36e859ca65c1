"""The interfaces through which packages, protocol packs and plugins meet."""

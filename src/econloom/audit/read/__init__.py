"""Tables from files: one module a format, each giving grids of strings that ``interpret`` makes tables of."""

"""The way of the data, joined: read -> locate -> detect -> measure -> grade -> Case."""

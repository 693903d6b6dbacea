"""One module per format that can be imported: the text of a file to a `Translation`."""

"""Read pictures and boxes: any file as one kind of array, any annotation as one kind of box."""

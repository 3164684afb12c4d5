"""An eye test for convolutional networks: finds the faulty feature maps of a training and says why."""

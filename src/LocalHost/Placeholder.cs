namespace LocalHost;
